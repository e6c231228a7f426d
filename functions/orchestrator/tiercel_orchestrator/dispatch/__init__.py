"""How envelopes reach families."""
