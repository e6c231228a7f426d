"""The key-value store from a terminal."""

import shlex

import pytest

from tests.docs.checkout import ROOT
from tests.e2e.cli import Cli


def test_a_key_is_set_shown_listed_and_deleted(cli: Cli) -> None:
    assert cli.run("kv", "list").out.startswith("no keys yet")
    value = '{"rows": 1.0}'
    assert cli.run("kv", "set", "limits", value, "--type", "json", "--ttl", "P1D", "-n", "a.b").code == 0
    assert cli.run("kv", "get", "limits", "-n", "a.b").out == value + "\n"
    shown = cli.run("kv", "get", "limits", "-n", "a.b", "--json").json
    assert (shown["type"], shown["value"], shown["revision"]) == ("JSON", {"rows": 1.0}, 1)
    assert shown["expirationDate"] > shown["creationDate"]
    assert "limits" in cli.run("kv", "list").out
    assert [entry["key"] for entry in cli.run("kv", "list", "-n", "a.b", "--json").json] == ["limits"]
    assert cli.run("kv", "list", "-n", "a", "--json").json == []
    assert cli.run("kv", "list", "--prefix", "x", "--json").json == []
    assert cli.run("kv", "delete", "limits", "-n", "a.b").code == 0
    gone = cli.run("kv", "get", "limits", "-n", "a.b")
    assert gone.code == 1
    assert gone.err.startswith("There is no key 'limits' in namespace 'a.b'")


def test_text_is_printed_as_it_is_and_kept_by_its_type(cli: Cli) -> None:
    cli.run("kv", "set", "day", "2024-02-29", "--type", "DATE", "-n", "a")
    assert cli.run("kv", "get", "day", "-n", "a").out == "2024-02-29\n"
    assert cli.run("kv", "list", "--json").json[0]["type"] == "DATE"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["set", "k", "x", "-n", "a", "--type", "NUMBER"], 1, "The value `x` is no NUMBER"),
        (["set", "k", "x", "-n", "a", "--type", "FLOAT"], 2, "choose one of them"),
        (["set", "k", "x", "-n", "a", "--ttl", "1h"], 2, "'1h' is not a duration"),
        (["delete", "k", "-n", "a"], 1, "There is no key 'k'"),
        (["get", "k"], 2, "--namespace"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(cli: Cli, arguments: list[str], code: int, said: str) -> None:
    ran = cli.run("kv", *arguments)
    assert ran.code == code
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_a_key_that_is_there_is_replaced_only_if_that_is_allowed(cli: Cli) -> None:
    cli.run("kv", "set", "k", "1", "-n", "a")
    refused = cli.run("kv", "set", "k", "2", "-n", "a", "--no-overwrite")
    assert (refused.code, "already exists" in refused.err) == (1, True)
    assert cli.run("kv", "get", "k", "-n", "a").out == "1\n"


def test_a_setting_that_is_wrong_is_a_sentence(cli: Cli) -> None:
    ran = cli.with_settings(TIERCEL_KV_URL="mysql://somewhere").run("kv", "list")
    assert ran.code == 2
    assert ran.err.startswith("TIERCEL_KV_URL starts with 'mysql'")


def test_a_flow_and_the_terminal_see_the_same_keys(cli: Cli) -> None:
    cli.write(
        "flow.yaml",
        """
id: f
namespace: a.b
tasks:
  - id: set
    type: io.kestra.plugin.core.kv.Set
    key: from_flow
    value: "{{ kv('from_terminal') }} back"
""",
    )
    cli.run("kv", "set", "from_terminal", "there and", "-n", "a")
    assert cli.run("run", "flow.yaml", "--quiet").code == 0
    assert cli.run("kv", "get", "from_flow", "-n", "a.b").out == "there and back\n"


def test_orchestrators_that_share_a_store_share_its_keys(cli: Cli, plain_database: str) -> None:
    homes = [cli.with_settings(TIERCEL_HOME=home, TIERCEL_STORE=plain_database) for home in ("one", "two")]
    cli.write(
        "flow.yaml",
        """
id: f
namespace: shared
tasks:
  - {id: set, type: io.kestra.plugin.core.kv.Set, key: from_flow, value: "{{ kv('k') }} back"}
""",
    )
    assert homes[0].run("kv", "set", "k", "there and", "-n", "shared").code == 0
    ran = homes[1].run("run", "flow.yaml", "--quiet")
    assert ran.code == 0, ran.err
    assert homes[0].run("kv", "get", "from_flow", "-n", "shared").out == "there and back\n"
    context = str(cli.write("context.json", '{"flow": {"namespace": "shared"}}'))
    assert homes[0].run("eval", "kv('from_flow')", "-c", context).out == "there and back\n"
    assert not list(cli.directory.glob("*/values.db"))


def test_the_commands_of_the_page_work(cli: Cli) -> None:
    page = (ROOT / "docs/kv-and-state.md").read_text(encoding="utf-8")
    lines = page.partition("## By hand")[2].split("```")[1].split("\n")
    commands = [shlex.split(line) for line in lines if line]
    assert {words[2] for words in commands} == {"set", "get", "list", "delete"}
    for program, *arguments in commands:
        assert program == "tiercel"
        ran = cli.run(*arguments)
        assert ran.code == 0, ran.err
