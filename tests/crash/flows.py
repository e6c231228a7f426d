"""A flow of every kind of thing, and the flow that it starts."""

INNER = """
id: inner
namespace: tests
inputs:
  - {id: word, type: STRING}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.say.value }}"}
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.word }}!"}
"""
MIXED = """
id: mixed
namespace: tests
variables: {greeting: hello}
outputs:
  - {id: all, type: JSON, value: "{{ outputs.last.values }}"}
tasks:
  - {id: first, type: io.kestra.plugin.core.debug.Return, format: "{{ vars.greeting }}"}
  - id: sides
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: left, type: io.kestra.plugin.core.debug.Return, format: "left {{ outputs.first.value }}"}
      - {id: right, type: io.kestra.plugin.core.log.Log, message: "right {{ outputs.first.value }}"}
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: [a, b, c]
    concurrencyLimit: 2
    tasks:
      - id: work
        type: io.kestra.plugin.core.debug.Return
        format: "{{ taskrun.value }} {{ outputs.left.value }}"
      - {id: tell, type: io.kestra.plugin.core.log.Log, message: "{{ outputs.work[taskrun.value].value }}"}
  - id: choice
    type: io.kestra.plugin.core.flow.If
    condition: "{{ outputs.first.value == 'hello' }}"
    then:
      - id: "yes"
        type: io.kestra.plugin.core.log.Log
        message: "yes"
        runIf: "{{ outputs.left.value != '' }}"
    else:
      - {id: "no", type: io.kestra.plugin.core.log.Log, message: "no"}
  - id: sub
    type: io.kestra.plugin.core.flow.Subflow
    namespace: tests
    flowId: inner
    inputs: {word: "{{ outputs.first.value }}"}
  - id: until
    type: io.kestra.plugin.core.flow.LoopUntil
    condition: "{{ outputs.until.iterationCount >= 2 }}"
    checkFrequency: {interval: PT0.01S, maxIterations: 5}
    tasks:
      - {id: turn, type: io.kestra.plugin.core.log.Log, message: "turn {{ outputs.until.iterationCount }}"}
  - id: again
    type: io.kestra.plugin.core.execution.Fail
    condition: "{{ taskrun.attemptsCount == 0 }}"
    errorMessage: not yet
    retry: {type: constant, interval: PT0.01S, maxAttempts: 2}
  - id: forgiven
    type: io.kestra.plugin.core.flow.AllowFailure
    tasks:
      - {id: fails, type: io.kestra.plugin.core.execution.Fail, errorMessage: as it should}
    errors:
      - {id: mends, type: io.kestra.plugin.core.log.Log, message: "mends"}
  - id: last
    type: io.kestra.plugin.core.output.OutputValues
    values:
      works: "{{ outputs.work | keys | join(',') }}"
      inner: "{{ outputs.sub.outputs.said }}"
      turns: "{{ outputs.until.iterationCount }}"
finally:
  - {id: at_last, type: io.kestra.plugin.core.log.Log, message: "at last"}
afterExecution:
  - {id: after, type: io.kestra.plugin.core.log.Log, message: "{{ execution.state }}"}
"""
