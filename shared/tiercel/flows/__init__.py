"""The flow language: models, reading with positions, validation, inputs, plans of flow control."""
