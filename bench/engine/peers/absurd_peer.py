"""Absurd doing the same: prints how many steps, or tasks of one step, it ends a second."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from absurd_sdk import Absurd

ROUNDS = 3
BATCH = 100

url, mode, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
control = str(Path(sys.executable).with_name("absurdctl"))
subprocess.run([control, "init", "-d", url], check=False, capture_output=True)  # it may be there already
app = Absurd(url, queue_name="bench")
if "bench" not in app.list_queues():
    app.create_queue("bench")


@app.register_task(name="sequence")
def sequence(params: Any, context: Any) -> int:
    return sum(context.step(f"step{number}", lambda: 1) for number in range(params["steps"]))


started = time.perf_counter()
if mode == "steps":
    for _ in range(ROUNDS):
        app.spawn("sequence", {"steps": count})
        app.work_batch()
    done = ROUNDS * count
else:
    for _ in range(count):
        app.spawn("sequence", {"steps": 1})
    for _ in range(0, count, BATCH):
        app.work_batch(batch_size=BATCH)
    done = count
print(done / (time.perf_counter() - started))
