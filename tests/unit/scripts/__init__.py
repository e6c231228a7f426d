"""Tests of the scripts family's plugins."""
