"""templating.TemplatedTask: what it decides; that the engine carries it out is for tests/flows."""

import pytest

from tiercel.plugin import State
from tiercel.testing import run_plugin
from tiercel_core.templating import TemplatedTask


def test_the_rendered_task_is_handed_over_without_its_common_properties() -> None:
    spec = "id: a\ntype: io.kestra.plugin.core.log.{{ inputs.what }}\nmessage: hi\ntimeout: PT5S\n"
    result = run_plugin(TemplatedTask, {"spec": spec}, variables={"inputs": {"what": "Log"}})
    assert result.state is State.SUCCESS, result.error
    assert result.plan == {
        "kind": "Delegate",
        "type": "io.kestra.plugin.core.log.Log",
        "params": {"message": "hi"},
    }


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("id: [", "no YAML"),
        ("- a", "no task"),
        ("message: hi", "no task"),
        ("type: io.kestra.plugin.core.templating.TemplatedTask\nspec: x", "does its own work"),
        ("type: io.kestra.plugin.core.flow.Sequential\ntasks: []", "does its own work"),
    ],
)
def test_what_is_no_task_fails_with_a_sentence(spec: str, said: str) -> None:
    result = run_plugin(TemplatedTask, {"spec": spec})
    assert result.state is State.FAILED
    assert result.error is not None and said in result.error.message
