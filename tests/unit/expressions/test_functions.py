"""The functions."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tiercel.expressions import ExpressionError, NoServices, render


class Doors(NoServices):
    """Answer what the tests ask for."""

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.requests: list[tuple[str, str, Mapping[str, Any]]] = []

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        return "top-secret" if subkey is None else f"{namespace}/{key}/{subkey}"

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> Any:
        if key == "missing" and error_on_missing:
            raise ExpressionError("There is no key `missing`")
        return None if key == "missing" else {"key": key}

    def file_size(self, path: str, namespace: str | None) -> int:
        return 0

    def file_uri(self, path: str, namespace: str | None) -> str:
        return f"kestra:///{namespace}/{path}"

    def tasks_with_state(self, state: str) -> list[dict[str, Any]]:
        return [{"taskId": "a", "state": state}]

    def http(self, method: str, uri: str, options: Mapping[str, Any]) -> Any:
        self.requests.append((method, uri, options))
        return {"ok": True}

    def encryption_key(self) -> str | None:
        return base64.b64encode(b"k" * 32).decode()

    def environment(self) -> Mapping[str, str]:
        return {"api_url": "https://example.com"}

    def fetch_ref(self, ref: Mapping[str, Any]) -> Any:
        self.fetched.append(ref["$ref"])
        return {"rows": [1, 2]}

    def now(self) -> datetime:
        return datetime(2024, 2, 9, 10, 30, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("max(5, 10.5, 7)", "10.5"),
        ("min(5, 10, 7)", "5"),
        ("range(0, 6, 2)", "[0,2,4,6]"),
        ("range(3, 1, -1)", "[3,2,1]"),
        ("fromJson('{\"a\": [1, 2.0]}').a", "[1,2.0]"),
        ("yaml('a: [1, x]\nd: 2020-01-01').d", "2020-01-01"),
        (
            "fromIon('{a: 1.50, b: 2e0, \\'c d\\': [x, \"y\"], // note\n t: true}')",
            '{"a":1.50,"b":2.0,"c d":["x","y"],"t":true}',
        ),
        ("fromIon('{a:1}\n{a:2}', allRows=true)", '[{"a":1},{"a":2}]'),
        ("decrypt(null, encrypt(null, 'text'))", "text"),
        ("secret('KEY')", "top-secret"),
        ("secret('KEY', 'ns', subkey='field')", "ns/KEY/field"),
        ("secret('KEY', full=true).value", "top-secret"),
        ("kv(key='a', namespace='n').key", "a"),
        ("kv('missing', errorOnMissing=false) ?? 'none'", "none"),
        ("isFileEmpty('a.txt')", "true"),
        ("fileURI('a.txt', 'ns')", "kestra:///ns/a.txt"),
        ("tasksWithState('failed')[0].state", "FAILED"),
        ("env('API_URL')", "https://example.com"),
        ("env('other', 'd')", "d"),
        ("now()", "2024-02-09T10:30:01.000005Z"),
        ("now(format='sql_seq', timeZone='Europe/Paris')", "2024-02-09 11:30:01"),
        ("loopOutputs([{'outputs': {'r': 1}}, {'outputs': {}}], 'r')", "[1,null]"),
        ("uuid() | length", "36"),
        ("id() | length", "22"),
        ("ksuid() | length", "27"),
        ("nanoId(length=5, alphabet='a')", "aaaaa"),
        ("randomInt(3, 4)", "3"),
    ],
)
def test_a_function_gives_what_kestras_gives(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}", {}, Doors()) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("secret('x')", "`secret` is not available here"),
        ("read('a')", "`read` is not available here"),
        ("read('../a')", "Path must not contain '../'"),
        ("fromJson('{a}')", "not JSON"),
        ("fromJson('NaN')", "not JSON"),
        ("yaml('a: [')", "not YAML"),
        ("fromIon('{a:')", "not Ion"),
        ("fromIon('0x" + "f" * 5000 + "')", "a number that is too long"),
        ("encrypt('short', 'x')", "16, 24 or 32 bytes"),
        ("encrypt(null, 'x')", "no encryption key"),
        ("env('x')", "no environment variable"),
        ("randomInt(4, 4)", "upper bound"),
        ("range(1, 10, 0)", "steps of 0"),
        ("range(1, 2000000000)", "cannot produce more than"),
        ("block('x')", "Unknown block"),
        ("currentEachOutput({})", ""),
    ],
)
def test_a_function_refuses_with_one_sentence(expression: str, message: str) -> None:
    variables = {"taskrun": {"value": "v"}}
    with pytest.raises(ExpressionError) as caught:
        render(f"{{{{ {expression} }}}}", variables)
    assert message in caught.value.message


def test_current_each_output_follows_the_loops_from_the_outermost() -> None:
    variables = {
        "taskrun": {"value": "c"},
        "parents": [{"taskrun": {"value": "b"}}, {"outputs": {}}, {"taskrun": {"value": "a"}}],
        "outputs": {"t": {"a": {"b": {"c": {"value": "found"}}}}},
    }
    assert render("{{ currentEachOutput(outputs.t).value }}", variables) == "found"


def test_a_reference_into_storage_is_followed_when_it_is_touched_and_only_once() -> None:
    doors = Doors()
    reference = {"$ref": "kestra:///x", "size": 1, "sha256": "…"}
    variables = {"outputs": {"big": reference, "other": 1}}
    assert render("{{ outputs.other }}", variables, doors) == "1" and doors.fetched == []
    assert render("{{ outputs.big.rows[1] }}{{ outputs.big.rows | length }}", variables, doors) == "22"
    assert render("{{ outputs }}", variables, doors) == '{"big":{"rows":[1,2]},"other":1}'
    assert doors.fetched == ["kestra:///x", "kestra:///x"]
    assert render("{{ schema }}", {"schema": {"$ref": "#/definitions/x"}}) == '{"$ref":"#/definitions/x"}'


def test_a_service_may_leave_doors_out() -> None:
    class OnlySecrets:
        def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
            return key

    services: Any = OnlySecrets()
    assert render("{{ secret('KEY') }}", {}, services) == "KEY"
    with pytest.raises(ExpressionError, match="`kv` is not available here"):
        render("{{ kv('KEY') }}", {}, services)


def test_http_passes_on_what_is_given() -> None:
    doors = Doors()
    assert render("{{ http('https://x', query={'a': 1}, contentType='text/plain').ok }}", {}, doors) == "true"
    assert doors.requests == [("GET", "https://x", {"query": {"a": 1}, "contentType": "text/plain"})]


def test_the_context_is_shown_without_the_secrets_that_were_read() -> None:
    shown = render("{% set s = secret('KEY') %}{{ fetchContext() }}", {"a": "is top-secret"}, Doors())
    assert "top-secret" not in shown and '"a":"is ******"' in shown
    assert "dG9wLXNlY3JldA" not in render(
        "{% set s = secret('KEY') | base64encode %}{{ printContext() }}", {}, Doors()
    )
