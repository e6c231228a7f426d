"""When a failed task run is tried again."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from tiercel.flows.models import Flow, Retry, Task


def policy(flow: Flow, lineage: Iterable[Task]) -> Retry | None:
    """Find the retry that applies: the task's own, else its nearest parent's, else the flow's.

    A parent with `errors` tries again by itself, after they have run.
    """
    for depth, task in enumerate(lineage):
        if task.retry:
            return None if depth and task.block("errors") else task.retry
    return flow.retry


def next_try(
    retry: Retry, run_id: str, failures: int, first: datetime, now: datetime, not_before: float | None = None
) -> datetime | None:
    """Say when to try again after `failures` failures, or None when the policy is used up.

    `first`: when the first attempt began. `not_before`: seconds from now that the failing side asked for.
    """
    if retry.max_attempts is not None and failures >= retry.max_attempts:
        return None
    delay = _delay(retry, run_id, failures)
    if not_before is not None:
        delay = max(delay, timedelta(seconds=not_before))
    due = now + delay
    if retry.max_duration is not None and due > first + retry.max_duration:
        return None
    return due


def _delay(retry: Retry, run_id: str, failures: int) -> timedelta:
    longest = retry.max_interval or retry.interval
    if retry.kind == "exponential":
        # Kestra's exponential grows by a constant step, and its first retry comes at once
        delay = retry.interval * retry.delay_factor * (failures - 1)
        return min(delay, longest) if retry.max_interval else delay
    if retry.kind == "random":
        # drawn from the run's id, not from a generator: the kernel decides the same when it is asked again
        digest = hashlib.blake2b(f"{run_id}/{failures}".encode(), digest_size=8).digest()
        return retry.interval + (longest - retry.interval) * (int.from_bytes(digest) / 2**64)
    return retry.interval
