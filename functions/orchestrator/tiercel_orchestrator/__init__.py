"""The orchestrator: what runs flows, durably."""
