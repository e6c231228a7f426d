"""Owners of leases: those of this home are known by their locks, all others by their leases alone."""

from datetime import timedelta
from pathlib import Path

from tests.store.test_store import LEASE, NOW, a_flow, claim, start
from tests.unit.kernel.driver import task
from tiercel_orchestrator.shell.owner import Owner
from tiercel_orchestrator.store.sqlite import SqliteStore


def test_engines_of_one_home_know_of_each_other(tmp_path: Path) -> None:
    one, two = Owner(tmp_path), Owner(tmp_path)
    assert one.home == two.home
    assert one.known([one.name, two.name]) == ([], [one.name, two.name])
    two.close()
    assert one.known([one.name, two.name]) == ([two.name], [one.name])
    one.close()


def test_a_lock_that_nobody_holds_means_that_its_owner_is_gone(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    left = f"{owner.home}.killed"
    (tmp_path / f"{left}.lock").write_text("1")
    assert owner.known([left]).gone == [left]
    owner.close()


def test_of_owners_elsewhere_nothing_is_known(tmp_path: Path) -> None:
    here, there = Owner(tmp_path / "here"), Owner(tmp_path / "there")
    assert here.home != there.home
    assert here.known([there.name, "somebody"]) == ([], [])
    there.close()
    here.close()


def test_a_lease_from_elsewhere_is_given_back_when_it_has_expired_and_not_before(tmp_path: Path) -> None:
    store, here, there = SqliteStore(tmp_path / "db"), Owner(tmp_path / "here"), Owner(tmp_path / "there")
    start(store, a_flow(task("a")))
    claim(store, owner=there.name)
    there.close()
    known = here.known(store.owners())
    assert store.sweep(NOW + LEASE - timedelta(seconds=1), *known) == 0
    assert store.sweep(NOW + LEASE + timedelta(seconds=1), *known) == 1
    here.close()
    store.close()
