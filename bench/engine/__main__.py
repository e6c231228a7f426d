"""Durable steps, wide eaches, single completions, many executions at once: beside peers and floors."""

import logging
import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg

from bench.engine import completers, floors, ours
from bench.engine.peers import rate
from bench.measuring import Spread, interleaved, python, spread, table
from tests import postgres

ROUNDS = 5
PEER_ITEMS = 200
SLOW_MS = 3.0
"""How much longer commits take where many single completions are measured once more, as on a slower disk."""
BESIDE: dict[str, float | None] = {
    "DBOS steps": 3.0,
    "DBOS items": 20.0,
    "Absurd steps": None,
    "Absurd items": None,
}
"""How many times a peer's rate ours is to be, where there is a bar."""
DURABILITY = {"SQLite": "WAL, synchronous = full", "Postgres": "fsync and synchronous_commit on"}


def main() -> None:
    """Measure everything on both stores."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-", dir=Path.cwd()) as directory:
        report("SQLite", measured(sqlite_measures(Path(directory))), None)
    with postgres.running(durable=True) as url:
        if url is None:
            print("Postgres is not installed here: nothing of it was measured.")
            return
        taken = measured(postgres_measures(url))
        report("Postgres", taken, url)


def measured(measures: dict[str, Callable[[], float]]) -> dict[str, Spread]:
    """Take all measures by turns."""
    return interleaved(measures, ROUNDS)


def sqlite_measures(directory: Path) -> dict[str, Callable[[], float]]:
    """Name what is measured on SQLite."""
    peer = f"sqlite:///{directory}/dbos.db"
    return {
        "floor": lambda: floors.sqlite(directory / "floor.db"),
        "steps": lambda: ours.steps_a_second(None),
        "items": lambda: ours.items_a_second(None, 1000),
        "DBOS steps": lambda: rate("dbos", peer, "steps", 10),
        "DBOS items": lambda: rate("dbos", peer, "items", PEER_ITEMS),
    }


def postgres_measures(url: str) -> dict[str, Callable[[], float]]:
    """Name what is measured on Postgres; each peer has a database of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("dbos", "absurd"):
            connection.execute(f"create database {name}".encode())
    base = url.rpartition("/")[0]
    return {
        "floor": lambda: floors.postgres(url),
        "steps": lambda: ours.steps_a_second(url),
        "items": lambda: ours.items_a_second(url, 1000),
        "DBOS steps": lambda: rate("dbos", f"{base}/dbos", "steps", 10),
        "DBOS items": lambda: rate("dbos", f"{base}/dbos", "items", PEER_ITEMS),
        "Absurd steps": lambda: rate("absurd", f"{base}/absurd", "steps", 10),
        "Absurd items": lambda: rate("absurd", f"{base}/absurd", "items", PEER_ITEMS),
        "32 workers, shards": lambda: completers.completions_a_second(url, 1000, sharded=True),
        "32 workers, one row": lambda: completers.completions_a_second(url, 1000, sharded=False),
        "32 workers, shards, slow": lambda: completers.completions_a_second(
            url, 1000, sharded=True, sync_ms=SLOW_MS
        ),
        "32 workers, one row, slow": lambda: completers.completions_a_second(
            url, 1000, sharded=False, sync_ms=SLOW_MS
        ),
    }


def report(store: str, taken: dict[str, Spread], url: str | None) -> None:
    """Print the figures of one store, with what they are held to."""
    floor = taken["floor"].median
    rows = [["single-statement commits", taken["floor"].text(0), "", "floor"]]
    for name, share in (("steps", 0.15), ("items", 2.0)):
        rows.append(
            [f"tiercel, {name}", taken[name].text(0), *against(taken[name].median / floor, "floor", share)]
        )
    for peer, least in BESIDE.items():
        if peer in taken and not math.isnan(taken[peer].median):
            ratio = taken[peer.split()[1]].median / taken[peer].median
            rows.append([peer, taken[peer].text(0), *against(ratio, "tiercel to it", least)])
    for suffix, said in (("", ""), (", slow", f", commits {SLOW_MS:g} ms longer")):
        if "32 workers, shards" in taken:
            several, one = taken[f"32 workers, shards{suffix}"], taken[f"32 workers, one row{suffix}"]
            rows.append([f"32 single completers, one row{said}", one.text(0), "", ""])
            rows.append(
                [
                    f"32 single completers, shards{said}",
                    several.text(0),
                    *against(several.median / one.median, "one row", 1.5),
                ]
            )
    table(
        f"{store} ({DURABILITY[store]}), a second: median (least-greatest)",
        ["what", "a second", "ratio", ""],
        rows,
    )
    slow(store, url)


def slow(store: str, url: str | None) -> None:
    """Print what takes long: once each."""
    taken = [python(f"from bench.engine import ours; print(*ours.latencies({url!r}))") for _ in range(3)]
    rates, medians, slowest = zip(
        *([float(one) for one in cost.output.split()] for cost in taken), strict=True
    )
    wide = [ours.items_a_second(url, count) for count in (1000, 10_000)]
    rows = [
        ["200 executions of 5 tasks at once, executions a second", spread(rates).text(1)],
        ["… from start to end, median, ms", spread(medians).text(0)],
        ["… 99th percentile, ms", spread(slowest).text(0)],
        ["… peak memory of the process, MB", spread([cost.peak_mb for cost in taken]).text(0)],
        ["ForEach of 10,000, seconds", f"{10_000 / wide[1]:.1f}"],
        ["… an item, beside an item of 1,000", f"{wide[0] / wide[1]:.2f} x"],
    ]
    table(f"{store}, larger", ["what", "value"], rows)


def against(ratio: float, what: str, least: float | None) -> list[str]:
    """Write a ratio and what it is held to."""
    bar = "" if least is None else f"{'ok' if ratio >= least else 'BELOW'}, bar {least:g}"
    return [f"{ratio:.2f} x {what}", bar]


if __name__ == "__main__":
    main()
