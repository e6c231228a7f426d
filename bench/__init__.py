"""Measurements, each beside a peer or a floor in the same run. Times are only here, never in tests."""
