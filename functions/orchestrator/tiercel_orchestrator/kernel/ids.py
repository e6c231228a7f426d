"""Ids that follow from what they name: a decision that is taken again gives the same rows."""

import hashlib

from tiercel_orchestrator.kernel.rows import Execution

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LENGTH = 22


def derive(*parts: object) -> str:
    """Give an id of 22 base62 characters, as Kestra's, that depends on the parts alone."""
    text = "\x1f".join(str(part) for part in parts)
    return encode(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest()))


def root_run_id(execution_id: str) -> str:
    """Name the root scope of an execution."""
    return derive(execution_id, "root")


def next_attempt_id(execution: Execution) -> str:
    """Name the execution that a retry starts in place of this one."""
    return derive(execution.id, "attempt", execution.attempt_number + 1)


def encode(number: int) -> str:
    """Write a number below 2**128 as 22 base62 characters."""
    digits = []
    for _ in range(LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))
