"""Families and the orchestrator as functions, with queues between them."""
