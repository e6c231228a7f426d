"""Flows as YAML in, states and outputs out, on the real engine with the real families."""
