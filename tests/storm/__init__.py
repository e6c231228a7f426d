"""Orchestrators that share a store under load, and are killed at random moments."""
