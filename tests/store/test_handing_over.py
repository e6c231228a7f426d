"""Dispatches that are left to others, and the timer that one orchestrator sets for all."""

from datetime import timedelta

from tests.store.test_store import NOW, a_flow, claim, end, start
from tests.unit.kernel.driver import task
from tiercel_orchestrator.store.port import Handed, Store

LATER = NOW + timedelta(hours=1)


def test_what_was_left_to_others_is_not_given_back_with_its_engine(store: Store) -> None:
    start(store, a_flow(task("a")))
    (run,) = claim(store)
    store.hand_over([Handed(run.id, run.lease, LATER)], "queues")
    assert store.owners() == ["queues"]
    store.sweep(NOW, ["me"])
    assert claim(store, NOW + timedelta(minutes=30)) == []
    store.sweep(LATER + timedelta(seconds=1), [])
    (again,) = claim(store, LATER + timedelta(seconds=1))
    assert (again.id, again.lease) == (run.id, run.lease + 1)


def test_what_was_left_to_others_is_ended_by_its_answer_and_goes_on(store: Store) -> None:
    deciding = start(store, a_flow(task("a"), task("b")))
    (run,) = claim(store)
    store.hand_over([Handed(run.id, run.lease, LATER)], "queues")
    store.finish([end(run)], deciding, NOW)
    assert [one.task_id for one in claim(store)] == ["b"]


def test_a_dispatch_that_was_answered_or_sent_again_meanwhile_is_left_alone(store: Store) -> None:
    deciding = start(store, a_flow(task("a"), task("b")))
    (first,) = claim(store)
    store.give_back("me", [], NOW)
    (second,) = claim(store, owner="you")
    store.hand_over([Handed(first.id, first.lease, LATER)], "queues")
    assert store.owners() == ["you"]
    store.finish([end(second)], deciding, NOW)
    store.hand_over([Handed(second.id, second.lease, LATER)], "queues")
    assert store.owners() == []


def test_a_timer_is_set_once_for_a_moment_and_again_for_an_earlier_one(store: Store) -> None:
    assert store.arm(LATER, NOW)
    assert not store.arm(LATER, NOW)
    assert not store.arm(LATER + timedelta(hours=1), NOW)
    assert store.arm(LATER - timedelta(minutes=1), NOW)
    assert store.arm(LATER + timedelta(hours=1), LATER)  # the one before has rung
