"""The durable part of the engine: claim, finish, apply, extend, sweep; and what people read."""
