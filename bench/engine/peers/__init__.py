"""The peers, each a script that runs in an environment of its own (`make bench-engine` sets it up)."""

import subprocess
import tempfile
from pathlib import Path

PYTHON = Path(".venv-peers/bin/python")


def rate(peer: str, url: str, mode: str, count: int) -> float:
    """Give what a peer ends a second: `steps` of one execution, or `items`; NaN where it is not installed."""
    if not PYTHON.exists():
        return float("nan")
    script = Path(__file__).with_name(f"{peer}_peer.py")
    command = [str(PYTHON.absolute()), str(script), url, mode, str(count)]
    with tempfile.TemporaryDirectory() as elsewhere:
        ran = subprocess.run(command, capture_output=True, text=True, cwd=elsewhere, check=False)
    if ran.returncode:
        raise SystemExit(f"{peer} ended with {ran.returncode}: {ran.stderr[-2000:]}")
    return float(ran.stdout.split()[-1])
