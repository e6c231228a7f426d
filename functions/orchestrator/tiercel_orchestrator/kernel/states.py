"""States of executions and task runs, and how the worst of them is found."""

CREATED = "CREATED"
RUNNING = "RUNNING"
PAUSED = "PAUSED"
QUEUED = "QUEUED"
RESTARTED = "RESTARTED"
KILLING = "KILLING"
SUCCESS = "SUCCESS"
WARNING = "WARNING"
FAILED = "FAILED"
KILLED = "KILLED"
CANCELLED = "CANCELLED"
RETRYING = "RETRYING"
RETRIED = "RETRIED"
SKIPPED = "SKIPPED"

ENDED = frozenset({SUCCESS, WARNING, FAILED, KILLED, CANCELLED, RETRIED, SKIPPED})
UNSUCCESSFUL = frozenset({FAILED, KILLED, CANCELLED})
_SEVERITY = {WARNING: 1, CANCELLED: 2, FAILED: 3, KILLED: 4}


def worse(left: str, right: str) -> str:
    """Give the worse of two states; those that do not count (SKIPPED) are as good as SUCCESS."""
    return right if _SEVERITY.get(right, 0) > _SEVERITY.get(left, 0) else left
