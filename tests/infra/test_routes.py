"""Every type reaches its family, through each of the tables and by each gateway's own rules."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.families import registry
from tiercel.routing import FALLBACK
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.gateway.matching import Table

ROOT = Path(__file__).parents[2]
ROUTES = ROOT / "infra/routes"
OPENAPI: dict[str, Any] = json.loads((ROUTES / "openapi.json").read_text(encoding="utf-8"))
GOOGLE: dict[str, Any] = yaml.safe_load((ROUTES / "openapi2.yaml").read_text(encoding="utf-8"))
REGISTRY = registry()
TABLE = Table.read(OPENAPI)
FILE = Routes.read(ROUTES / "routes.json", {})
PART = re.compile(r"^(\{[\w.-]+\+?\}|[a-zA-Z0-9._-]+)$")
"""What AWS accepts between two slashes."""

TYPES = sorted(REGISTRY.types())
word = st.text("abcXYZ019_", min_size=1, max_size=6)
invented = st.builds(
    lambda begin, more: ".".join([begin, *more]),
    st.sampled_from([*TYPES, *REGISTRY.owners, "io.kestra.plugin", "io", "com.acme"]),
    st.lists(word, min_size=1, max_size=3),
)


def google_family(method: str, path: str) -> str | None:
    """Choose as Google's gateway does: `{x=**}` is anything, and the most literal path wins."""
    fitting = [
        template
        for template, operations in GOOGLE["paths"].items()
        if method in operations and re.fullmatch(pattern_of(template), path)
    ]
    if not fitting:
        return None
    address = GOOGLE["paths"][max(fitting, key=len)][method]["x-google-backend"]["address"]
    return str(address).removeprefix("https://tiercel-").partition("-$")[0]


def pattern_of(template: str) -> str:
    begin, wild, _ = template.partition("/{rest=**}")
    return re.escape(begin) + ("(/.*)?/?" if wild else "")


def owner(type_id: str) -> str:
    family = REGISTRY.family_of(type_id)
    return family.name if family else FALLBACK


def reached(type_id: str) -> tuple[str | None, str | None, str]:
    """Give the families that AWS's gateway, Google's and the file of routes choose."""
    path = f"/v1/tasks/{type_id.replace('.', '/')}"
    match = TABLE.match("POST", path)
    return match and match.family, google_family("post", path), FILE.family_of(type_id) or FALLBACK


@pytest.mark.parametrize("type_id", TYPES)
def test_every_type_and_alias_reaches_its_family(type_id: str) -> None:
    assert reached(type_id) == (owner(type_id),) * 3


@given(invented)
def test_an_invented_type_reaches_the_family_of_its_longest_prefix(type_id: str) -> None:
    assert reached(type_id) == (owner(type_id),) * 3


@pytest.mark.parametrize("family", sorted(REGISTRY.families))
def test_a_family_is_reached_by_its_name(family: str) -> None:
    for method, path in (("POST", "execute"), ("GET", "plugins"), ("DELETE", "v1/runs/x"), ("GET", "health")):
        full = f"/v1/families/{family}/{path}"
        match = TABLE.match(method, full)
        assert match and match.family == family
        assert google_family(method.lower(), full) == family


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/tasks"),
        ("POST", "/v1/tasks/"),
        ("GET", "/v1/tasks/io/kestra/plugin/core/log/Log"),
        ("POST", "/V1/tasks/io/kestra/plugin/core/log/Log"),
        ("OPTIONS", "/v1/families/core/execute"),
        ("GET", "/"),
        ("GET", "/v1/families/nobody/health"),
    ],
)
def test_what_has_no_route_is_the_gateways_to_refuse(method: str, path: str) -> None:
    assert TABLE.match(method, path) is None


def test_each_part_of_a_path_is_one_that_aws_accepts() -> None:
    for path in OPENAPI["paths"]:
        for part in path[1:].split("/"):
            assert PART.match(part), path


def test_the_table_is_within_the_limits_of_an_http_api() -> None:
    assert sum(map(len, OPENAPI["paths"].values())) <= 300
    assert len(OPENAPI["components"]["x-amazon-apigateway-integrations"]) == len(REGISTRY.families)


def test_operations_have_names_of_their_own() -> None:
    names = [one["operationId"] for operations in GOOGLE["paths"].values() for one in operations.values()]
    assert len(names) == len(set(names))
