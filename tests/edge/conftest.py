"""Deno, with the imports of the edge functions fetched."""

import os
import subprocess

import pytest

from tests.docs.checkout import ROOT
from tests.infra.tools import tool

FUNCTION = ROOT / "infra/supabase/functions/execute/index.ts"


@pytest.fixture(scope="session")
def deno(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """Give Deno and its environment, with the function's imports fetched."""
    program = tool("deno")
    directory = os.environ.get("DENO_DIR") or str(tmp_path_factory.mktemp("deno"))
    environment = {"DENO_DIR": directory, "PATH": os.environ["PATH"], "NO_COLOR": "1"}
    environment["DENO_TLS_CA_STORE"] = "system"  # a company's own certificates are the system's
    environment |= {name: os.environ[name] for name in ("DENO_CERT", "SSL_CERT_FILE") if name in os.environ}
    cached = subprocess.run(
        [program, "check", str(FUNCTION)], env=environment, capture_output=True, text=True, check=False
    )
    if "npm package" in cached.stderr or "error sending request" in cached.stderr:
        pytest.skip(f"the npm packages of the edge function cannot be fetched: {cached.stderr.strip()}")
    assert cached.returncode == 0, cached.stderr
    return program, environment
