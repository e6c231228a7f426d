"""`tiercel eval`: an expression from a terminal."""

import pytest

from tests.e2e.cli import Cli

CONTEXT = """
{"inputs": {"name": "kestrel", "tags": ["a", "b"], "n": 3, "none": null},
 "outputs": {"query": {"rows": [{"id": 1}]}}, "flow": {"id": "f", "namespace": "company.team"}}
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["{{ inputs.name | upper }}", "--context", "context.json"], "KESTREL"),
        (["inputs.n + 1", "-c", "context.json"], "4"),
        (["{{ inputs.tags }} of {{ flow.id }}", "-c", "context.json"], '["a","b"] of f'),
        (["{{ inputs.tags }}", "--json", "-c", "context.json"], '["a","b"]'),
        (["inputs.name", "--json", "-c", "context.json"], '"kestrel"'),
        (["inputs.none", "--json", "-c", "context.json"], "null"),
        (["{{ 1 + 2 * 3 }}"], "7"),
        (["{% for i in 1..3 %}{{ i }}{% endfor %}"], "123"),
        (["envs.stage"], "dev"),
        (["secret('API')"], "plain"),
        (["kv('missing', errorOnMissing=false) ?? 'none'"], "none"),
    ],
)
def test_an_expression_is_tried(
    arguments: list[str], expected: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.write("context.json", CONTEXT)
    monkeypatch.setenv("ENV_STAGE", "dev")
    monkeypatch.setenv("SECRET_API", "plain")
    ran = cli.run("eval", *arguments)
    assert (ran.code, ran.out, ran.err) == (0, expected + "\n", "")


def test_what_is_wrong_stands_above_a_caret_with_the_nearest_name(cli: Cli) -> None:
    cli.write("context.json", CONTEXT)
    ran = cli.run("eval", "line one\n{{ outputs.quary.rows }}", "--context", "context.json")
    assert (ran.code, ran.out) == (2, "")
    sentence, line, caret = ran.err.splitlines()
    assert "`outputs.quary`" in sentence and "did you mean `query`? known: query" in sentence
    assert "(line 2, column 11)" in sentence
    assert (line, caret) == ("  {{ outputs.quary.rows }}", "            ^")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{{ 1 + }}"], "Expected a value, found the end `}}`"),
        (["'x' | uper"], "did you mean `upper`"),
        (["1", "--context", "missing.json"], "--context missing.json cannot be read"),
        (["1", "--context", "list.json"], "is no JSON object"),
        (["1", "--context", "broken.json"], "is no JSON: "),
        ([], "Missing argument 'EXPRESSION'"),
    ],
)
def test_what_cannot_be_evaluated_leaves_with_2(arguments: list[str], sentence: str, cli: Cli) -> None:
    cli.write("list.json", "[1]")
    cli.write("broken.json", "{")
    ran = cli.run("eval", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in ran.err


def test_a_door_that_answers_no_leaves_with_1_and_nothing_is_made(cli: Cli) -> None:
    ran = cli.run("eval", "read('missing.txt')")
    assert (ran.code, ran.out) == (1, "")
    assert "missing.txt" in ran.err
    assert not list(cli.directory.glob(".tiercel/engine.db"))
