"""The durable part of the engine: five calls (claim, finish, apply, extend, sweep), and what is read for people."""
