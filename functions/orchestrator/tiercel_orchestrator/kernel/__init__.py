"""The pure part of the engine: what follows from what."""
