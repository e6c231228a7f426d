"""Download and Split of one gigabyte: peak memory over idle, and throughput beside curl and split."""

import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measuring import Cost, child, spread, table, verdict

ROUNDS = 3
MEGABYTES = int(os.environ.get("BENCH_MEGABYTES", "1024"))
BAR_MB = 60.0
ROW = b"2026-01-01T00:00:00Z,sensor-0042,reading,21.5,celsius,ok,a-text-that-makes-the-row-a-bit-longer\n"
ROWS = 1_000_000
SERVICE = """
import asyncio, sys
from pathlib import Path
from tiercel.envelope import Envelope, RunContext
from tiercel.registry import Registry
from tiercel.runtime import execute
from tiercel.services import local_services

async def main(home, type_id, *pairs):
    services = local_services(Path(home))
    params = dict(pair.split("=", 1) for pair in pairs)
    registry = Registry.installed()
    envelope = Envelope(task_type=type_id, params=params, context=RunContext())
    result = await execute(envelope, registry.family_of(type_id), services)
    assert result.error is None, result.error
    await services.http.close()
    print(result.data.get("uri") or len(result.data["uris"]))

asyncio.run(main(*sys.argv[1:]))
"""
DOWNLOAD = "io.kestra.plugin.core.http.Download"
SPLIT = "io.kestra.plugin.core.storage.Split"


class Files(http.server.SimpleHTTPRequestHandler):
    """Serve files by the kernel's sendfile, so that the server is not what is measured."""

    def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]
        """Send a file."""
        self.wfile.flush()
        self.connection.sendfile(source)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Serve a directory on a free port."""
    handler = type("Bound", (Files,), {"directory": str(directory)})
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), lambda *arguments: handler(*arguments, directory=str(directory))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def task(home: Path, type_id: str, **params: object) -> Cost:
    """Run one task in a process of its own, as a family's function would."""
    pairs = [f"{name}={value}" for name, value in params.items()]
    return child([sys.executable, "-c", SERVICE, str(home), type_id, *pairs])


def write(path: Path, megabytes: int) -> None:
    """Write a file of rows."""
    block = ROW * (1_000_000 // len(ROW))
    with path.open("wb") as sink:
        while sink.tell() < megabytes << 20:
            sink.write(block)


def measured(directory: Path, url: str) -> dict[str, Cost]:
    """Take every measure once."""
    home, target = directory / "home", directory / "target"
    target.mkdir()
    stored = directory / "home/storage/default/_files/big.csv"
    stored.parent.mkdir(parents=True)
    os.link(directory / "big.csv", stored)
    shutil.copy(directory / "small.csv", stored.with_name("small.csv"))
    uri = "kestra:///default/_files"
    found = {
        "Download, small": task(home, DOWNLOAD, uri=f"{url}/small.csv"),
        "Download": task(home, DOWNLOAD, uri=f"{url}/big.csv"),
        "curl": child(["curl", "-s", "-o", str(target / "curl"), f"{url}/big.csv"]),
        "Split, small": task(home, SPLIT, **{"from": f"{uri}/small.csv", "rows": 10}),
        "Split": task(home, SPLIT, **{"from": f"{uri}/big.csv", "rows": ROWS}),
        "split": child(["split", "-l", str(ROWS), str(directory / "big.csv"), str(target / "part-")]),
    }
    for path in (home, target):
        shutil.rmtree(path)
    subprocess.run(["sync"], check=True)
    return found


def main() -> None:
    """Measure, by turns."""
    taken: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-", dir=Path.cwd()) as name:
        directory = Path(name)
        write(directory / "big.csv", MEGABYTES)
        (directory / "small.csv").write_bytes(ROW * 100)
        with serving(directory) as url:
            for number in range(ROUNDS + 1):
                for measure, cost in measured(directory, url).items():
                    if number:
                        taken.setdefault(measure, []).append(cost)
    show(taken)


def show(taken: dict[str, list[Cost]]) -> None:
    """Print the table."""
    rows = []
    for name, idle, peer in (("Download", "Download, small", "curl"), ("Split", "Split, small", "split")):
        over = [cost.peak_mb - one.peak_mb for cost, one in zip(taken[name], taken[idle], strict=True)]
        # what it takes to start is no part of the throughput of a big file, and a function is warm mostly
        speed = [
            MEGABYTES / (a.wall_seconds - b.wall_seconds)
            for a, b in zip(taken[name], taken[idle], strict=True)
        ]
        peers = [MEGABYTES / cost.wall_seconds for cost in taken[peer]]
        ratio = [mine / other for mine, other in zip(speed, peers, strict=True)]
        rows.append(
            [
                name,
                spread(over).text(1),
                spread(speed).text(0),
                f"{peer}: {spread(peers).text(0)}",
                spread(ratio).text(),
                verdict(max(over), BAR_MB),
            ]
        )
    header = ["task", "peak MB over idle", "MB/s", "MB/s of the peer", "ratio", "verdict"]
    table(f"One file of {MEGABYTES} MB", header, rows)


if __name__ == "__main__":
    main()
