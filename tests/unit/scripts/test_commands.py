"""Scripts and commands of all languages: what they print, how they end, what they leave behind."""

import sys
import zipfile
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import BasePlugin, State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_scripts import python, shell

PROCESS = {"type": "io.kestra.plugin.core.runner.Process"}


def lines_of(result: Result) -> list[tuple[str, str]]:
    return [(line.level, line.message) for line in result.logs]


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_commands_run_in_one_shell_after_those_before() -> None:
    params = {"beforeCommands": ["A=1"], "commands": ["B=2", "echo $A$B"], "taskRunner": PROCESS}
    result = run_plugin(shell.Commands, params)
    assert result.state is State.SUCCESS
    assert lines_of(result) == [("INFO", "12")]
    assert result.data == {"vars": {}, "exitCode": 0, "outputFiles": {}}


def test_outputs_of_several_lines_are_merged() -> None:
    commands = ["""echo '::{"outputs":{"a":1}}::'""", """echo '::{"outputs":{"b":[2]}}::' >&2"""]
    result = run_plugin(shell.Commands, {"commands": commands})
    assert result.data["vars"] == {"a": 1, "b": [2]}
    assert result.logs == []


def test_metrics_and_log_lines_of_a_script_arrive() -> None:
    script = """
    echo '::{"metrics":[{"name":"n","type":"timer","value":2.5,"tags":{"t":"x"}}]}::'
    echo '::{"logs":[{"level":"WARNING","message":"careful"}]}::'
    """
    result = run_plugin(shell.Script, {"script": script})
    assert [(one.name, one.type, one.value, one.tags) for one in result.metrics] == [
        ("n", "timer", 2.5, {"t": "x"})
    ]
    assert lines_of(result) == [("WARN", "careful")]


@pytest.mark.parametrize(
    "line",
    ["::{nope}::", '::{"metrics":[{"name":"n"}]}::', '::{"metrics":[{"name":"n","type":"x","value":1}]}::'],
)
def test_a_message_that_cannot_be_read_is_a_warning(line: str) -> None:
    result = run_plugin(shell.Commands, {"commands": [f"echo '{line}'"]})
    assert result.state is State.SUCCESS
    assert [level for level, _ in lines_of(result)] == ["WARN"]


def test_standard_error_is_logged_as_error_and_ends_as_warning_only_if_asked_for() -> None:
    params: dict[str, Any] = {"commands": ["echo oops >&2"]}
    result = run_plugin(shell.Commands, params)
    assert (result.state, lines_of(result)) == (State.SUCCESS, [("ERROR", "oops")])
    assert run_plugin(shell.Commands, {**params, "warningOnStdErr": True}).state is State.WARNING


def test_an_exit_code_is_named_and_the_outputs_are_kept() -> None:
    result = run_plugin(shell.Commands, {"commands": ["""echo '::{"outputs":{"a":1}}::'""", "exit 3"]})
    assert "exit code 3" in message_of(result)
    assert result.data == {"vars": {"a": 1}, "exitCode": 3}


def test_the_first_failing_command_ends_the_task_unless_told_otherwise() -> None:
    commands = ["false", "echo after"]
    assert run_plugin(shell.Commands, {"commands": commands}).state is State.FAILED
    result = run_plugin(shell.Commands, {"commands": commands, "failFast": False})
    assert lines_of(result) == [("INFO", "after")]


def test_another_interpreter_reads_the_commands() -> None:
    params = {"interpreter": [sys.executable, "-c"], "commands": ["print(6 * 7)"]}
    assert lines_of(run_plugin(shell.Commands, params)) == [("INFO", "42")]


def test_a_missing_interpreter_is_named() -> None:
    result = run_plugin(shell.Commands, {"interpreter": ["/nowhere/sh"], "commands": ["true"]})
    assert "/nowhere/sh" in message_of(result)


def test_the_environment_is_an_allow_list_and_what_the_task_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "leaked")
    result = run_plugin(shell.Commands, {"env": {"NAME": "{{ 1 + 1 }}"}, "commands": ["env"]})
    said = "\n".join(message for _, message in lines_of(result))
    assert "NAME=2" in said
    assert "WORKING_DIR=" in said
    assert "leaked" not in said


def test_files_go_in_and_come_out() -> None:
    with MemoryServices() as services:
        params = {
            "inputFiles": {"in/words.txt": "one\n{{ 'two' }}\n"},
            "commands": ["mkdir out", "wc -l < in/words.txt > out/count.txt", "touch other"],
            "outputFiles": ["out/*.txt", "missing.*"],
        }
        result = run_plugin(shell.Commands, params, services=services)
        (name, uri), *more = result.data["outputFiles"].items()
        assert (name, more) == ("out/count.txt", [])
        assert services.storage.read(None, uri).strip() == b"2"


def test_a_stored_file_is_laid_out_by_its_uri() -> None:
    with MemoryServices() as services:
        first = run_plugin(
            shell.Commands, {"commands": ["echo hi > a"], "outputFiles": ["a"]}, services=services
        )
        params = {"inputFiles": {"b": first.data["outputFiles"]["a"]}, "commands": ["cat b"]}
        assert lines_of(run_plugin(shell.Commands, params, services=services)) == [("INFO", "hi")]


@pytest.mark.parametrize("path", ["../a", "/etc/a"])
def test_a_file_outside_of_the_directory_is_refused(path: str) -> None:
    assert path in message_of(run_plugin(shell.Commands, {"inputFiles": {path: "x"}, "commands": ["true"]}))
    assert path in message_of(run_plugin(shell.Commands, {"outputFiles": [path], "commands": ["true"]}))


def test_namespace_files_are_laid_out() -> None:
    with MemoryServices() as services:
        for name in ("a.txt", "sub/b.txt", "c.md"):
            services.storage.put(f"kestra:///a/b/_files/{name}", name.encode())
        params = {
            "namespaceFiles": {"enabled": True, "exclude": ["*.md"]},
            "commands": ["find . -type f | sort", "cat sub/b.txt"],
        }
        variables = {"flow": {"namespace": "a.b"}}
        result = run_plugin(shell.Commands, params, services=services, namespace="a.b", variables=variables)
        assert [message for _, message in lines_of(result)] == ["./a.txt", "./sub/b.txt", "sub/b.txt"]


def test_what_is_written_to_the_output_directory_is_stored() -> None:
    params = {"outputDirectory": True, "commands": ["mkdir $OUTPUT_DIR/x", "echo 1 > $OUTPUT_DIR/x/a"]}
    assert list(run_plugin(shell.Commands, params).data["outputFiles"]) == ["x/a"]


def test_the_image_is_said_to_be_unused_once() -> None:
    result = run_plugin(shell.Commands, {"containerImage": "alpine", "commands": ["true"]})
    assert lines_of(result) == [("INFO", "containerImage alpine is not used by the Process runner.")]


@pytest.mark.parametrize(
    "params",
    [
        {"taskRunner": {"type": "io.kestra.plugin.scripts.runner.docker.Docker"}},
        {"runner": "DOCKER"},
        {"targetOS": "WINDOWS"},
    ],
)
def test_what_only_another_place_could_run_is_refused(params: dict[str, Any]) -> None:
    assert "not available" in message_of(run_plugin(shell.Commands, {**params, "commands": ["true"]}))


def test_a_timeout_ends_the_whole_process_group(tmp_path: Path) -> None:
    commands = ["sleep 60 & echo $! > child", "wait"]
    result = run_plugin(shell.Commands, {"commands": commands}, directory=tmp_path, timeout_seconds=0.5)
    assert result.error is not None
    assert result.error.kind == "Timeout"
    child = int((tmp_path / "child").read_text())
    deadline = monotonic() + 30
    while not is_dead(child):  # it is killed, and may take a moment to be gone
        assert monotonic() < deadline


def is_dead(process: int) -> bool:
    """Say whether a process is gone, or waits only for somebody to notice."""
    try:
        return "zombie" in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return True


def test_a_python_script_runs_in_the_python_that_runs_us() -> None:
    result = run_plugin(python.Script, {"script": "import sys\nprint(sys.prefix)"})
    assert lines_of(result) == [("INFO", sys.prefix)]


def test_a_python_script_leaves_no_file_behind(tmp_path: Path) -> None:
    assert run_plugin(python.Script, {"script": "pass"}, directory=tmp_path).state is State.SUCCESS
    assert list(tmp_path.iterdir()) == []


def test_an_exception_in_a_python_script_is_in_the_log() -> None:
    result = run_plugin(python.Script, {"script": "1 / 0"})
    assert "exit code 1" in message_of(result)
    assert ("ERROR", "ZeroDivisionError: division by zero") in lines_of(result)


def test_python_commands_see_the_input_files() -> None:
    params = {"inputFiles": {"main.py": "print('hi')"}, "commands": ["python main.py"]}
    assert lines_of(run_plugin(python.Commands, params)) == [("INFO", "hi")]


def test_another_version_of_python_is_refused() -> None:
    params = {"script": "pass", "pythonVersion": "2.7"}
    assert "2.7" in message_of(run_plugin(python.Script, params))
    ours = {"script": "pass", "pythonVersion": ".".join(map(str, sys.version_info[:2]))}
    assert run_plugin(python.Script, ours).state is State.SUCCESS


def test_a_dependency_is_installed_for_the_script(tmp_path: Path) -> None:
    wheel = tmp_path / "tiny_thing-1-py3-none-any.whl"  # a wheel, for a source would fetch what builds it
    with zipfile.ZipFile(wheel, "w") as content:
        content.writestr("tiny_thing.py", "WORD = 'tiny'\n")
        content.writestr(
            "tiny_thing-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1\n"
        )
        content.writestr(
            "tiny_thing-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        content.writestr("tiny_thing-1.dist-info/RECORD", "")
    params = {"script": "import tiny_thing; print(tiny_thing.WORD)", "dependencies": [str(wheel)]}
    result = run_plugin(python.Script, params)
    assert result.state is State.SUCCESS, result.logs
    assert lines_of(result) == [("INFO", "tiny")]


def test_a_dependency_that_does_not_exist_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    assert missing in message_of(run_plugin(python.Script, {"script": "pass", "dependencies": [missing]}))


@pytest.mark.parametrize("plugin", [shell.Script, shell.Commands])
def test_what_a_factory_made_looks_like_what_is_written(plugin: type[BasePlugin[Any, Any]]) -> None:
    assert plugin.__module__ == "tiercel_scripts.shell"
    assert plugin.parameter_schema()["properties"]["containerImage"]["default"] == "ubuntu"
