"""DBOS doing the same: prints how many steps, or items of a queue, it ends a second."""

import sys
import time

from dbos import DBOS

ROUNDS = 3

url, mode, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
DBOS(
    config={
        "name": "bench",
        "system_database_url": url,
        "log_level": "ERROR",
        "run_admin_server": False,
    }
)


@DBOS.step()
def step(number: int) -> int:
    return number


@DBOS.workflow()
def sequence(steps: int) -> int:
    return sum(step(number) for number in range(steps))


@DBOS.workflow()
def item(number: int) -> int:
    return step(number)


@DBOS.workflow()
def fan_out(items: int) -> int:
    handles = [DBOS.enqueue_workflow("items", item, number) for number in range(items)]
    return sum(handle.get_result() for handle in handles)


DBOS.launch()
DBOS.register_queue("items", polling_interval_sec=0.05)  # by default it looks once a second
sequence(2)
started = time.perf_counter()
if mode == "steps":
    for _ in range(ROUNDS):
        sequence(count)
    done = ROUNDS * count
else:
    fan_out(count)
    done = count
print(done / (time.perf_counter() - started))
DBOS.destroy()
