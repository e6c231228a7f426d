"""Where families are: what the configuration says, and what is wrong with it."""

import json
from pathlib import Path

import pytest

from tiercel.errors import TiercelError
from tiercel_orchestrator.dispatch.routes import URLS, Routes, Target


def test_urls_come_from_the_environment() -> None:
    given = {"sql": "http://127.0.0.1:8081/", "core": {"url": "https://core.example", "concurrency": 3}}
    routes = Routes.read(environment={URLS: json.dumps(given)})
    assert routes.targets == {
        "sql": Target("http://127.0.0.1:8081"),
        "core": Target("https://core.example", 3),
    }


def test_a_url_of_the_environment_comes_before_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "routes.json"
    table = {
        "families": {"sql": {"url": "http://127.0.0.1:1"}, "core": {"package": "tiercel_core"}},
        "routes": [{"prefix": "io.kestra.plugin.jdbc", "family": "sql"}],
    }
    file.write_text(json.dumps(table))
    routes = Routes.read(file, {URLS: '{"sql": "http://127.0.0.1:2"}'})
    assert routes.targets == {"sql": Target("http://127.0.0.1:2")}
    assert routes.family_of("io.kestra.plugin.jdbc.postgresql.Query") == "sql"
    assert routes.family_of("io.kestra.plugin.core.log.Log") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ('{"sql": 1}', "is no text"),
        ('{"sql": "ftp://x"}', "write an http:// or https:// URL"),
        ('{"sql": "http://x:0"}', "write an http:// or https:// URL"),
        ('{"sql": {"url": "http://x", "concurrency": 0}}', "write a whole number from 1"),
    ],
)
def test_what_is_no_url_is_said(text: str, said: str) -> None:
    with pytest.raises(TiercelError, match=said):
        Routes.read(environment={URLS: text})


@pytest.mark.parametrize("text", ["{", '{"families": []}', '{"routes": [{"prefix": "x"}]}'])
def test_what_is_no_route_table_is_said(text: str, tmp_path: Path) -> None:
    file = tmp_path / "routes.json"
    file.write_text(text)
    with pytest.raises(TiercelError, match=r"routes\.json"):
        Routes.read(file, {})


def test_a_route_table_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TiercelError, match="cannot be read"):
        Routes.read(tmp_path / "none.json", {})
