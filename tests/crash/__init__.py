"""Processes that are killed at every boundary, and what is left of their work."""
