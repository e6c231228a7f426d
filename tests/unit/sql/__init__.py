"""Tests of the sql family's plugins."""
