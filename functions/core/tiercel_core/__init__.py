"""The core family: flow control, logs, key-value store, state."""

from tiercel.registry import Family

FAMILY = Family.of(__name__)
