"""Exit codes: what a shell script learns from a run."""

from tiercel_orchestrator.kernel import states

OK = 0
UNSUCCESSFUL = 1
BAD_FLOW_OR_USAGE = 2
LEFT_PAUSED = 3


def code_of(state: str) -> int:
    """Give the exit code for the state that an execution was left in."""
    if state == states.PAUSED:
        return LEFT_PAUSED
    return OK if state in (states.SUCCESS, states.WARNING, states.SKIPPED) else UNSUCCESSFUL
