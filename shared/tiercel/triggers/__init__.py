"""When triggers fire: pure functions of a declaration, what was last, and the time."""
