"""The outputs of leaf tasks as those of an execution."""

from pathlib import Path
from typing import Any

import pytest

from tests.flows.playing import on_engine
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest

GRAPH = """
    id: graph
    namespace: tests
    tasks:
      - id: first
        type: io.kestra.plugin.core.debug.Return
        format: first
      - id: dag
        type: io.kestra.plugin.core.flow.Dag
        tasks:
          - task:
              id: a
              type: io.kestra.plugin.core.debug.Return
              format: a
          - task:
              id: b
              type: io.kestra.plugin.core.debug.Return
              format: b
            dependsOn: [a]
          - task:
              id: branch
              type: io.kestra.plugin.core.flow.If
              condition: "true"
              then:
                - id: yes
                  type: io.kestra.plugin.core.debug.Return
                  format: "yes"
              else:
                - id: no
                  type: io.kestra.plugin.core.debug.Return
                  format: "no"
          - task:
              id: each
              type: io.kestra.plugin.core.flow.ForEach
              values: [x, y]
              tasks:
                - id: leaf
                  type: io.kestra.plugin.core.debug.Return
                  format: "{{ taskrun.value }}"
"""


async def outputs_of(engine: Engine, *, leaf_outputs: bool) -> dict[str, Any] | None:
    execution = await engine.start(StartRequest("tests", "graph", leaf_outputs=leaf_outputs))
    return (await engine.wait(execution.id)).outputs


def test_what_nothing_waits_for_is_what_the_execution_gives(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert await outputs_of(engine, leaf_outputs=True) == {
            "b": {"value": "b"},
            "yes": {"value": "yes"},
            "leaf": {"x": {"value": "x"}, "y": {"value": "y"}},
        }
        assert await outputs_of(engine, leaf_outputs=False) is None

    on_engine(tmp_path, play, GRAPH)


def test_a_flow_that_declares_outputs_gives_those(tmp_path: Path) -> None:
    declares = GRAPH + "    outputs: [{id: own, type: STRING, value: mine}]\n"

    async def play(engine: Engine) -> None:
        assert await outputs_of(engine, leaf_outputs=True) == {"own": "mine"}

    on_engine(tmp_path, play, declares)


def test_nobody_sets_the_engines_own_labels(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        with pytest.raises(InvalidFlow, match=r"offending label: system\.leafOutputs"):
            await engine.start(StartRequest("tests", "graph", labels={"system.leafOutputs": "true"}))

    on_engine(tmp_path, play, GRAPH)
