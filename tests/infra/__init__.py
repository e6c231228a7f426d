"""What the clouds are told."""
