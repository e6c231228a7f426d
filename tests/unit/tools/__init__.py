"""The tools of this checkout."""
