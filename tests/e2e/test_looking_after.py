"""A flow whose tasks run in a deployed family, and look after executions of a project under tokens."""

import json

from tests.e2e.cli import Cli
from tests.e2e.test_keys_of_a_project import deployed, laid_down
from tests.e2e.test_server import family
from tests.postgrest import JWT_SECRET, Project

__all__ = ["laid_down"]

OLD = """
id: old
namespace: company.team
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}
"""
FLOW = """
id: caretaker
namespace: company.team
tasks:
  - id: count
    type: io.kestra.plugin.core.execution.Count
    flows: [{namespace: company.team, flowId: old}]
    startDate: "{{ now() | dateAdd(-1, 'DAYS') }}"
    expression: "{{ count > 0 }}"
  - id: log
    type: io.kestra.plugin.core.log.Fetch
    executionId: "{{ inputs.old }}"
  - id: switch
    type: io.kestra.plugin.core.trigger.Toggle
    trigger: call
  - id: beside
    type: io.kestra.plugin.core.log.PurgeLogs
    namespace: company.other
    endDate: "{{ now() }}"
    allowFailure: true
  - id: missing
    type: io.kestra.plugin.core.trigger.Toggle
    trigger: cal
    allowFailure: true
  - id: at-once
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: pause, type: io.kestra.plugin.core.flow.Pause}
      - {id: resume, type: io.kestra.plugin.core.execution.Resume}
  - id: lines
    type: io.kestra.plugin.core.log.PurgeLogs
    flowId: old
    endDate: "{{ now() | dateAdd(1, 'DAYS') }}"
  - id: purge
    type: io.kestra.plugin.core.execution.PurgeExecutions
    namespace: company.team
    flowId: old
    endDate: "{{ now() | dateAdd(1, 'DAYS') }}"
inputs:
  - {id: old, type: STRING}
triggers:
  - {id: call, type: io.kestra.plugin.core.trigger.Webhook, key: sesame}
"""


def test_executions_logs_and_triggers_are_looked_after_from_a_deployed_family(
    cli: Cli, laid_down: Project
) -> None:
    cli.write("old.yaml", OLD)
    cli.write("caretaker.yaml", FLOW)
    shared = {"TIERCEL_JWT_SECRET": JWT_SECRET}
    settings = {
        **shared,
        "TIERCEL_STORE": laid_down.database_url,
        "TIERCEL_STORAGE_URL": str(cli.directory / "files"),
    }
    old = cli.with_settings(**settings).run("run", "old.yaml", "--json").json["id"]
    with family(deployed(cli, laid_down, **shared), "tiercel_core") as (url, _):
        urls = {"TIERCEL_FAMILY_URLS": json.dumps({"core": url})}
        ran = cli.with_settings(**urls, **settings).run("run", "caretaker.yaml", "-i", f"old={old}", "--json")
    runs = {run["taskId"]: run for run in ran.json["taskRunList"]}
    assert {name: run["state"]["current"] for name, run in runs.items()} == {
        "count": "SUCCESS",
        "log": "SUCCESS",
        "switch": "SUCCESS",
        "beside": "WARNING",
        "missing": "WARNING",
        "at-once": "SUCCESS",
        "pause": "SUCCESS",
        "resume": "SUCCESS",
        "lines": "SUCCESS",
        "purge": "SUCCESS",
    }, ran.err
    assert runs["count"]["outputs"]["total"] == 1
    assert runs["log"]["outputs"]["size"] == 1
    assert runs["lines"]["outputs"]["count"] == 1
    assert runs["purge"]["outputs"]["executionsCount"] == 1
    assert laid_down.run("select id, disabled from tiercel.triggers") == ["call|t"]
    assert laid_down.run("select distinct flow_id from tiercel.executions") == ["caretaker"]
    said = laid_down.run("select message from tiercel.logs where level = 'ERROR' order by position")
    assert "'company.other' is neither its own nor below it" in said[0]
    assert "has no trigger 'cal'; did you mean \"call\"?" in said[1]
