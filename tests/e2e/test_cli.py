"""The command line: what it prints, what it keeps, and the code it leaves with."""

import pytest

from tests.e2e.cli import Cli

HELLO = """
id: hello
namespace: tests
inputs:
  - id: name
    type: STRING
    defaults: world
  - id: times
    type: INT
    defaults: 2
tasks:
  - id: say
    type: io.kestra.plugin.core.log.Log
    message: "hello {{ inputs.name }}"
  - id: value
    type: io.kestra.plugin.core.output.OutputValues
    values:
      doubled: "{{ inputs.times * 2 }}"
outputs:
  - id: doubled
    type: INT
    value: "{{ outputs.value.values.doubled }}"
"""


def test_a_flow_runs_and_says_so(cli: Cli) -> None:
    cli.write("hello.yaml", HELLO)
    ran = cli.run("run", "hello.yaml", "-i", "name=kestrel")
    assert (ran.code, ran.err) == (0, "")
    assert "say: hello kestrel" in ran.out
    assert "SUCCESS in" in ran.out


def test_json_prints_the_execution_and_nothing_else(cli: Cli) -> None:
    cli.write("hello.yaml", HELLO)
    ran = cli.run("run", "hello.yaml", "--json", "-i", "times=21")
    execution = ran.json
    assert execution["state"]["current"] == "SUCCESS"
    assert execution["inputs"] == {"name": "world", "times": 21}
    assert execution["outputs"] == {"doubled": 42}
    assert [run["taskId"] for run in execution["taskRunList"]] == ["say", "value"]


def test_a_run_can_be_looked_at_afterwards(cli: Cli) -> None:
    cli.write("hello.yaml", HELLO)
    execution_id = cli.run("run", "hello.yaml", "--json").json["id"]
    assert execution_id in cli.run("executions").out
    assert "say: hello world" in cli.run("logs", execution_id).out
    assert cli.run("follow", execution_id, "--json").json["id"] == execution_id


def test_quiet_prints_nothing_when_all_is_well(cli: Cli) -> None:
    cli.write("hello.yaml", HELLO)
    ran = cli.run("run", "hello.yaml", "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def flow(tasks: str) -> str:
    return f"id: f\nnamespace: tests\ntasks:\n{tasks}"


EXIT_3 = flow(
    "  - {id: script, type: io.kestra.plugin.scripts.shell.Script, script: 'echo about to fail; exit 3',"
    " taskRunner: {type: io.kestra.plugin.core.runner.Process}}\n"
)
DIVISION = flow("  - {id: say, type: io.kestra.plugin.core.log.Log, message: '{{ 1 / 0 }}'}\n")
MISSING_FILE = flow(
    "  - {id: query, type: io.kestra.plugin.jdbc.duckdb.Query, sql: \"select * from 'gone.csv'\"}\n"
)
DEAD_DATABASE = flow(
    "  - {id: query, type: io.kestra.plugin.jdbc.sqlite.Query, sql: select 1,"
    " url: 'jdbc:sqlite:/no/such/place/x.db'}\n"
)


@pytest.mark.parametrize(
    ("source", "said"),
    [(EXIT_3, "3"), (DIVISION, "zero"), (MISSING_FILE, "gone.csv"), (DEAD_DATABASE, "/no/such/place")],
    ids=["a script that exits 3", "a division by zero", "a missing file", "a dead database"],
)
def test_a_failure_is_one_sentence_and_a_failed_execution(cli: Cli, source: str, said: str) -> None:
    cli.write("flow.yaml", source)
    ran = cli.run("run", "flow.yaml", "--quiet")
    assert ran.code == 1
    assert said in ran.err
    assert "Traceback" not in ran.err + ran.out
    (execution,) = cli.run("executions", "--json").json
    assert execution["state"]["current"] == "FAILED"
    assert said in cli.run("logs", execution["id"], "--level", "error").out


PAUSE = flow(
    "  - {id: wait, type: io.kestra.plugin.core.flow.Pause, onResume: [{id: approved, type: BOOL}]}\n"
    "  - {id: after, type: io.kestra.plugin.core.output.OutputValues,"
    " values: {approved: '{{ outputs.wait.onResume.approved }}'}}\n"
)


BAD = """id: bad
namespace: tests
tasks:
  - id: one
    type: io.kestra.plugin.core.log.Log
    mesage: hello
  - id: one
    type: io.kestra.plugin.core.log.Logg
    message: hello
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [1]
    concurrencyLimit: many
    tasks:
      - id: leaf
        type: io.kestra.plugin.core.debug.Return
        format: ok
"""


def test_all_that_is_wrong_with_a_flow_is_said_at_once_with_places(cli: Cli) -> None:
    cli.write("bad.yaml", BAD)
    for verb in ("validate", "run"):
        ran = cli.run(verb, "bad.yaml")
        assert ran.code == 2
        lines = ran.err.splitlines()
        assert any(
            line.startswith("bad.yaml:6:") and "mesage" in line and "message" in line for line in lines
        )
        assert any(line.startswith("bad.yaml:7:") and "one" in line for line in lines)
        assert any(
            line.startswith("bad.yaml:8:") and "io.kestra.plugin.core.log.Log" in line for line in lines
        )
        assert any(line.startswith("bad.yaml:13:") and "concurrencyLimit" in line for line in lines)
    assert cli.run("executions", "--json").json == []


def test_yaml_that_cannot_be_read_is_shown_with_its_place(cli: Cli) -> None:
    cli.write("bad.yaml", "id: bad\ntasks: [\n")
    ran = cli.run("validate", "bad.yaml")
    assert ran.code == 2
    assert ran.err.startswith("bad.yaml:")


def test_a_valid_flow_is_valid(cli: Cli) -> None:
    cli.write("hello.yaml", HELLO)
    ran = cli.run("validate", "hello.yaml")
    assert ran.code == 0
    assert "valid" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "gone.yaml"), "gone.yaml"),
        (("run", "hello.yaml", "-i", "nam=x"), "name"),
        (("run", "hello.yaml", "-i", "times=many"), "-i times=INT"),
        (("run", "hello.yaml", "-i", "name"), "name=value"),
        (("logs", "nobody"), "nobody"),
        (("follow", "nobody"), "nobody"),
        (("plugins", "io.kestra.plugin.core.log.Lug"), "io.kestra.plugin.core.log.Log"),
        (("runn",), "runn"),
    ],
)
def test_what_is_misspelt_is_answered_with_a_remedy_and_code_2(
    cli: Cli, arguments: tuple[str, ...], said: str
) -> None:
    cli.write("hello.yaml", HELLO)
    ran = cli.run(*arguments)
    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err + ran.out


def test_plugins_are_listed_and_described(cli: Cli) -> None:
    assert "io.kestra.plugin.jdbc.duckdb.Query" in cli.run("plugins").out
    assert "message" in cli.run("plugins", "io.kestra.plugin.core.log.Log").out
    types = {plugin["type"]: plugin for plugin in cli.run("plugins", "--json").json}
    assert "message" in types["io.kestra.plugin.core.log.Log"]["parameters"]["properties"]


def test_the_coverage_of_the_catalog_is_counted(cli: Cli) -> None:
    found = cli.run("plugins", "--coverage", "--json").json
    core = found["groups"]["core"]
    assert 0 < core["types"]["running"] <= core["types"]["known"] < found["total"]["types"]["known"]
    known = core["types"]["known"] + core["deprecated"]["known"]
    assert known - core["types"]["running"] - core["deprecated"]["running"] == len(core["missing"])
    assert "in all" in cli.run("plugins", "--coverage").out


def test_a_pause_without_an_end_leaves_code_3(cli: Cli) -> None:
    cli.write("pause.yaml", flow("  - {id: wait, type: io.kestra.plugin.core.flow.Pause}\n"))
    ran = cli.run("run", "pause.yaml")
    assert ran.code == 3
    assert "PAUSED" in ran.out
    assert "tiercel resume" in ran.out


def test_a_paused_execution_is_resumed_with_inputs(cli: Cli) -> None:
    cli.write("pause.yaml", PAUSE)
    execution_id = cli.run("run", "pause.yaml", "--json").json["id"]
    assert cli.run("resume", execution_id, "-i", "approved=maybe").code == 2
    ran = cli.run("resume", execution_id, "-i", "approved=true", "--json")
    assert ran.code == 0
    assert ran.json["taskRunList"][-1]["outputs"]["values"] == {"approved": "true"}
    assert cli.run("resume", execution_id).code == 2


def test_a_paused_execution_can_be_killed(cli: Cli) -> None:
    cli.write("pause.yaml", PAUSE)
    execution_id = cli.run("run", "pause.yaml", "--json").json["id"]
    assert cli.run("kill", execution_id, "--json").json["state"]["current"] == "KILLED"
