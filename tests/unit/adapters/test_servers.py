"""Every family as an app of its own, behind a real server."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tiercel.adapters.cloud_run import main
from tiercel.errors import TiercelError


def get(url: str, body: object = None) -> Any:
    """Call a URL and read its JSON."""
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data), timeout=30) as answer:
        return json.load(answer)


@pytest.mark.parametrize("family", ["core", "sql", "scripts", "cloud"])
def test_a_family_serves_alone(family: str, tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        argv = [sys.executable, "-m", "uvicorn", f"tiercel_{family}.app:app", "--fd", str(listener.fileno())]
        environment = {**os.environ, "TIERCEL_HOME": str(tmp_path)}
        server = subprocess.Popen(
            argv,
            pass_fds=[listener.fileno()],
            env=environment,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            assert get(f"{url}/health")["family"] == family
            listed = get(f"{url}/plugins")["plugins"]
            assert len(listed) == get(f"{url}/health")["plugins"] > 0
        finally:
            server.terminate()
            server.wait(30)


def test_a_server_without_a_family_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cloud_run"])
    monkeypatch.delenv("TIERCEL_FAMILY", raising=False)
    with pytest.raises(TiercelError, match="Name the family to serve"):
        main()
