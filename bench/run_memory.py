"""Peak memory and wall time of `tiercel run` on a flow of three tasks."""

import sys
import tempfile
from pathlib import Path

from bench.measuring import Cost, child, spread, table, verdict

ROUNDS = 5
BAR_MB = 120.0
FLOW = """\
id: three-tasks
namespace: bench
inputs:
  - id: name
    type: STRING
    defaults: world
tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: "Hello {{ inputs.name }}"
  - id: value
    type: io.kestra.plugin.core.debug.Return
    format: "{{ inputs.name | upper }}"
  - id: last
    type: io.kestra.plugin.core.log.Log
    message: "{{ outputs.value.value }}"
"""


def main() -> None:
    """Run the flow in a home of its own each time, beside an interpreter that does nothing."""
    taken: dict[str, list[Cost]] = {"python -c pass": [], "tiercel run": []}
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-") as directory:
        flow = Path(directory) / "flow.yaml"
        flow.write_text(FLOW)
        command = str(Path(sys.executable).with_name("tiercel"))
        for number in range(ROUNDS + 1):
            floor = child([sys.executable, "-c", "pass"])
            run = child([command, "run", str(flow), "--json"], {"TIERCEL_HOME": f"{directory}/home-{number}"})
            if number:
                taken["python -c pass"].append(floor)
                taken["tiercel run"].append(run)
    rows = []
    for name, costs in taken.items():
        peak = spread([cost.peak_mb for cost in costs])
        wall = spread([cost.wall_seconds for cost in costs])
        cpu = spread([cost.cpu_seconds for cost in costs])
        judged = verdict(peak.greatest, BAR_MB) if name == "tiercel run" else "floor"
        rows.append([name, peak.text(1), cpu.text(), wall.text(), judged])
    table("A flow of three tasks", ["command", "peak MB", "CPU s", "wall s", "verdict"], rows)


if __name__ == "__main__":
    main()
