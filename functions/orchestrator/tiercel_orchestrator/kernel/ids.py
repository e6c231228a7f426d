"""Ids that follow from what they name: a decision that is taken again gives the same rows."""

import hashlib

from tiercel_orchestrator.kernel.rows import Execution, TaskRun

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 22
PAIRS = [one + other for one in ALPHABET for other in ALPHABET]


def derive(*parts: object) -> str:
    """Give an id of 22 base62 characters, as Kestra's, that depends on the parts alone."""
    text = "\x1f".join(str(part) for part in parts)
    return encode(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest()))


def child_id(scope: TaskRun, task_id: str, number: int | None, opened: int | None = None) -> str:
    """Name the run of a child of a scope; `number`: which value of an each, or iteration of a loop.

    A run that was dropped and the one in its place differ in name: late results of the first are its own.
    `opened`: how often the scope had been opened again by then, by default by now.
    """
    frame = scope.frame
    times = opened if opened is not None else frame.opened if frame else 0
    turn = (scope.attempt, times, frame.iteration if frame else 0)
    return derive(scope.execution_id, scope.id, task_id, number, *turn)


def root_run_id(execution_id: str) -> str:
    """Name the root scope of an execution."""
    return derive(execution_id, "root")


def next_attempt_id(execution: Execution) -> str:
    """Name the execution that a retry starts in place of this one."""
    return derive(execution.id, "attempt", execution.attempt_number + 1)


def encode(number: int) -> str:
    """Write a number below 2**128 as 22 base62 characters."""
    pairs = []
    for _ in range(LENGTH // 2):
        number, pair = divmod(number, len(PAIRS))
        pairs.append(PAIRS[pair])
    pairs.reverse()
    return "".join(pairs)
