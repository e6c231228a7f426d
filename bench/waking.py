"""What it costs to wake the orchestrator: to start an execution, cold and warm, and to take ten results in.

A Postgres that syncs, and moto's server in the place of SQS, whose answers take some milliseconds each.
"""

import json
import os
import sys
import tempfile

import boto3

from bench.measuring import child, spread, table
from tests import postgres
from tests.unit.cloud.emulator import moto_server

ROUNDS = 7
STARTS, BATCH = 20, 10
FLOW = """
id: one
namespace: bench
tasks:
  - id: say
    type: io.kestra.plugin.core.debug.Return
    format: hello
"""
PRELUDE = """
import json, os, statistics, time
class Context:
    aws_request_id = "request"
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:orchestrator"
    def get_remaining_time_in_millis(self): return 60000
def timed(work):
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000
def medians(pairs): print(json.dumps([statistics.median(one) for one in zip(*pairs)]))
START = {"namespace": "bench", "flowId": "one"}
"""
FLOOR = """
import boto3, psycopg
with psycopg.connect(os.environ["TIERCEL_STORE"]) as connection:
    connection.execute("create table if not exists floor (value text)")
    connection.execute("insert into floor values ('x')")
boto3.client("sqs").send_message(QueueUrl=os.environ["TIERCEL_RESULTS_QUEUE_URL"], MessageBody="{}")
"""
COLD = """
from tiercel_orchestrator.app import handler
assert "id" in handler(START, Context())
"""
WARM = f"""
from tiercel_orchestrator.app import handler
handler(START, Context())
medians([timed(lambda: handler(START, Context())) for _ in range({STARTS})])
"""
RESULTS = f"""
import boto3
from tiercel import messages
from tiercel.envelope import Result, RunContext
from tiercel.http.callbacks import signature
from tiercel.plugin import State
from tiercel_orchestrator.app import handler
sqs, queue = boto3.client("sqs"), json.loads(os.environ["TIERCEL_FAMILY_QUEUES"])["core"]
def batch():
    for _ in range({BATCH}): handler(START, Context())
    records = []
    while len(records) < {BATCH}:
        for one in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
            envelope = json.loads(one["Body"])
            run = RunContext.model_validate(envelope["context"])
            body = messages.result_text(run, Result(state=State.SUCCESS, data={{"value": "hello"}}), None)
            signed = signature(envelope["callback"]["key"], body.encode())
            records.append({{"messageId": one["MessageId"], "eventSource": "aws:sqs", "body": body,
                             "messageAttributes": {{"Tiercel-Signature": {{"stringValue": signed}}}}}})
    return records
def taken(records): assert handler({{"Records": records}}, Context()) == {{"batchItemFailures": []}}
taken(batch())
batches = [batch() for _ in range(5)]
medians([timed(lambda: taken(one)) for one in batches])
"""


def main() -> None:
    """Take each measure once a round, the first of which does not count."""
    with (
        postgres.running(durable=True) as database,
        moto_server() as endpoint,
        tempfile.TemporaryDirectory() as home,
    ):
        if database is None:
            raise SystemExit("Postgres is not installed here: apt-get install postgresql")
        settings = surroundings(database, endpoint, home)
        run(
            f"from tiercel_orchestrator.app import handler\nhandler({{'flow': {FLOW!r}}}, Context())",
            settings,
        )
        floor: list[tuple[float, float]] = []
        cold: list[tuple[float, float]] = []
        warm: list[tuple[float, float]] = []
        results: list[tuple[float, float]] = []
        for number in range(ROUNDS + 1):
            taken = [process(FLOOR, settings), process(COLD, settings)]
            taken += [printed(WARM, settings), printed(RESULTS, settings)]
            for values, value in zip((floor, cold, warm, results), taken, strict=True):
                values += [value] if number else []
    names = {
        "a bare process: psycopg and boto3, a commit, a message": floor,
        "the orchestrator, cold: process to the first task sent": cold,
        "warm: a start, its first task sent": warm,
        f"warm: {BATCH} results, their executions ended": results,
    }
    rows = [
        [name, spread([wall for wall, _ in taken]).text(0), spread([cpu for _, cpu in taken]).text(0)]
        for name, taken in names.items()
    ]
    table("Waking the orchestrator", ["what", "wall ms", "CPU ms"], rows)


def surroundings(database: str, endpoint: str, home: str) -> dict[str, str]:
    """Give the environment of the function, with queues that are there."""
    aws = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "eu-central-1"}
    os.environ.update(aws)
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    core, results = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("core", "results"))
    return {
        **aws,
        "AWS_ENDPOINT_URL": endpoint,
        "TIERCEL_HOME": home,
        "TIERCEL_STORE": database,
        "TIERCEL_JWT_SECRET": "a secret of more than thirty-two bytes",
        "TIERCEL_RESULTS_QUEUE_URL": results,
        "TIERCEL_FAMILY_QUEUES": json.dumps({"core": core}),
    }


def run(code: str, settings: dict[str, str]) -> str:
    """Run code in a process of its own."""
    return child([sys.executable, "-c", PRELUDE + code], settings).output


def process(code: str, settings: dict[str, str]) -> tuple[float, float]:
    """Give what a whole process takes: wall and CPU."""
    cost = child([sys.executable, "-c", PRELUDE + code], settings)
    return cost.wall_seconds * 1000, cost.cpu_seconds * 1000


def printed(code: str, settings: dict[str, str]) -> tuple[float, float]:
    """Give what a process has measured itself: wall and CPU."""
    wall, cpu = json.loads(run(code, settings).splitlines()[-1])
    return wall, cpu


if __name__ == "__main__":
    main()
