"""What runs in a storm: flows that come to the same end each time, by id."""

import re

from tests.crash.flows import INNER, MIXED

FAN = """
id: fan
namespace: tests
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    concurrencyLimit: 0
    tasks:
      - {id: work, type: io.kestra.plugin.core.debug.Return, format: "{{ taskrun.value }}"}
  - {id: last, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.work | keys | join(',') }}"}
"""
WIDE = f"""
id: wide
namespace: tests
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: {list(range(80))}
    concurrencyLimit: 0
    tasks:
      - {{id: work, type: io.kestra.plugin.core.debug.Return, format: "{{{{ taskrun.value }}}}"}}
"""
FAILS = """
id: fails
namespace: tests
tasks:
  - id: fail
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: as it should
    retry: {type: constant, interval: PT0.05S, maxAttempts: 3}
errors:
  - {id: mends, type: io.kestra.plugin.core.log.Log, message: mends}
"""
WAITS = """
id: waits
namespace: tests
tasks:
  - {id: pause, type: io.kestra.plugin.core.flow.Pause, pauseDuration: PT0.2S}
  - {id: after, type: io.kestra.plugin.core.debug.Return, format: after}
"""
LIMITED = """
id: limited
namespace: tests
concurrency: {limit: 2, behavior: QUEUE}
tasks:
  - {id: one, type: io.kestra.plugin.core.debug.Return, format: one}
  - {id: two, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.one.value }} two"}
"""
DAG = """
id: dag
namespace: tests
tasks:
  - id: graph
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {id: a, type: io.kestra.plugin.core.debug.Return, format: a}
      - task: {id: b, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }}b"}
        dependsOn: [a]
      - task: {id: c, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }}c"}
        dependsOn: [a]
      - task:
          id: d
          type: io.kestra.plugin.core.debug.Return
          format: "{{ outputs.b.value ~ outputs.c.value }}"
        dependsOn: [b, c]
"""
SOURCES = (INNER, MIXED, FAN, WIDE, FAILS, WAITS, LIMITED, DAG)
STARTED = ("mixed", "mixed", "fan", "fan", "wide", "fails", "waits", "limited", "limited", "dag")
"""The ids of the flows that are started, as often as they are drawn."""
ALL = tuple(dict.fromkeys(STARTED))
IDS = re.compile(r"\b[0-9A-Za-z]{22}\b")
"""What an id looks like, in outputs that hold one."""
