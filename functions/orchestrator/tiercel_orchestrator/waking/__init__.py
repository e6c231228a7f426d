"""An orchestrator that sleeps: it wakes for a start, for results, for a moment, and sleeps on."""
