"""A cold start imports what its door needs, and searches for no garbage before the first event."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from bench.cold_start import HEALTH, LOG, NOBODY, batch
from tests.contract.families import DIRECTORIES, package_of
from tests.unit.adapters.test_aws_lambda import SECRET

FAMILIES = [package_of(directory) for directory in DIRECTORIES]
WEB = {"fastapi", "starlette", "mangum", "uvicorn"}
DRIVERS = {
    "boto3",
    "botocore",
    "duckdb",
    "obstore",
    "sqlite3",
    "asyncpg",
    "babel",
    "jq",
    "jinja2",
    "cryptography",
}
LATE = {
    *("httpx", "jwt", "aws_lambda_powertools", "yaml"),
    *("tiercel.flows", "tiercel.operations", "tiercel.http.client"),
}
PROGRAM = """
import gc, json, os, sys
from {package}.app import handler
assert not gc.isenabled()

class Context:
    aws_request_id = "r1"
    def get_remaining_time_in_millis(self): return 30000

answer = handler(json.loads({event!r}), Context())
assert gc.isenabled() and gc.get_freeze_count() > 10_000
print(json.dumps({{"answer": answer, "modules": sorted(sys.modules)}}))
"""


def started(package: str, event: dict[str, Any]) -> tuple[Any, set[str]]:
    """Have a fresh process answer one event; gives the answer, and what it has imported."""
    settings = {
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
        "AWS_LAMBDA_FUNCTION_NAME": "tiercel",
        "TIERCEL_JWT_SECRET": SECRET,
        "POWERTOOLS_LOG_LEVEL": "ERROR",
    }
    program = PROGRAM.format(package=package, event=json.dumps(event))
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **settings},
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    return told["answer"], set(told["modules"])


def plugins_of(package: str, modules: set[str]) -> set[str]:
    """List the family's own modules besides its door."""
    return {name for name in modules if name.startswith(f"{package}.")} - {f"{package}.app"}


@pytest.mark.parametrize("package", FAMILIES)
def test_health_imports_no_plugin_and_no_driver(package: str) -> None:
    answer, modules = started(package, HEALTH)
    assert json.loads(answer["body"])["status"] == "ok"
    assert plugins_of(package, modules) == set()
    assert modules & (DRIVERS | LATE | {"tiercel.runtime", "tiercel.expressions"}) == set()


@pytest.mark.parametrize("package", FAMILIES)
def test_a_direct_call_imports_no_web_framework_and_no_driver(package: str) -> None:
    answer, modules = started(package, NOBODY)
    assert "No plugin of type" in answer["error"]["message"]
    assert plugins_of(package, modules) == set()
    assert modules & (WEB | DRIVERS | LATE) == set()


@pytest.mark.parametrize("package", FAMILIES)
def test_a_message_imports_no_web_framework_and_no_driver(package: str) -> None:
    answer, modules = started(package, batch(NOBODY))
    assert answer == {"batchItemFailures": []}
    assert plugins_of(package, modules) == set()
    assert modules & (WEB | DRIVERS | LATE) == set()


def test_a_task_imports_its_own_module_only() -> None:
    answer, modules = started("tiercel_core", LOG)
    assert answer["logs"][0]["message"] == "Hello world"
    assert plugins_of("tiercel_core", modules) == {"tiercel_core.log", "tiercel_core.moments"}
    assert modules & (WEB | DRIVERS | LATE) == {"tiercel.operations"}


def test_elsewhere_than_on_lambda_garbage_is_searched_for_from_the_beginning() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "AWS_LAMBDA_RUNTIME_API"}
    code = "import gc, os, tiercel_core.app; print(gc.isenabled(), 'PYDANTIC_DISABLE_PLUGINS' in os.environ)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert ran.stdout.split() == ["True", "False"]
