"""Tests of the core family's plugins."""
