"""Tests of the cloud family's plugins."""
