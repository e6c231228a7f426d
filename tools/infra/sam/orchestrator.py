"""The orchestrator, where a store is given: a function that results, dead letters and a clock wake."""

from typing import Any

from tiercel.registry import Family
from tools.infra import openapi
from tools.infra.sam import families as of_family
from tools.infra.sam import roles
from tools.infra.sam.alarms import alarm
from tools.infra.sam.intrinsics import NO_VALUE, arn, ref, sub, when

NAME = "Orchestrator"
CONDITION = "HasOrchestrator"
IMAGE = "orchestrator"
SECONDS = 60
VISIBILITY_SECONDS = 2 * SECONDS
"""Taking results in is quick and does no harm when it is done twice: what one lost another sees soon."""
TRIES = 200
"""A result waits out a database that is away for hours; only what nobody can read is given up."""
BATCH = 10
PATH = "/v1/executions"
SLOW_RULE = "rate(1 minute)"
SECRET = "{{resolve:secretsmanager:${%s}}}"


def resources(families: list[Family], version: str) -> dict[str, Any]:
    """List the resources, all under one condition."""
    found = {
        f"{NAME}Logs": of_family.logs(IMAGE),
        f"{NAME}Role": role(families),
        NAME: function(families, version),
        f"{NAME}Errors": alarm("Errors", "AWS/Lambda", "FunctionName", ref(NAME)),
        f"{NAME}Throttles": alarm("Throttles", "AWS/Lambda", "FunctionName", ref(NAME)),
        f"{NAME}Permission": of_family.permission(NAME),
        "WakeGroup": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {}},
        "WakeRole": wake_role(),
        # not within its role: the orchestrator's role names that one, and this names the orchestrator
        "WakePolicy": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {
                "RoleName": ref("WakeRole"),
                **roles.policy("wake", roles.allow(["lambda:InvokeFunction"], arn(NAME))),
            },
        },
    }
    return {name: {**one, "Condition": CONDITION} for name, one in found.items()}


def results_queue() -> dict[str, Any]:
    """Write the queue of results."""
    queue = of_family.queue("ResultsDeadLetters")
    queue["Properties"] |= {
        "VisibilityTimeout": VISIBILITY_SECONDS,
        "MessageRetentionPeriod": of_family.KEPT_SECONDS,
        "RedrivePolicy": {"deadLetterTargetArn": arn("ResultsDeadLetters"), "maxReceiveCount": TRIES},
    }
    return queue


def function(families: list[Family], version: str) -> dict[str, Any]:
    """Write the function: one image more, of the same Dockerfile."""
    names = {family.name: of_family.logical(family.name) for family in families}
    queues = ", ".join(f'"{family}": "${{{name}Queue}}"' for family, name in names.items())
    environment = {
        "TIERCEL_STORE": sub(SECRET % "StoreUrlArn"),
        "TIERCEL_JWT_KEY": when("HasOrchestratorKey", sub(SECRET % "OrchestratorKeyArn"), NO_VALUE),
        # who opens the engine's database needs no token for the keys in it
        "TIERCEL_KV_URL": sub(SECRET % "StoreUrlArn"),
        "SUPABASE_SERVICE_ROLE_KEY": when("HasSupabaseServiceKey", sub(SECRET % "SupabaseServiceKeyArn")),
        "TIERCEL_FAMILY_QUEUES": sub("{" + queues + "}"),
        "TIERCEL_RESULTS_QUEUE_URL": ref("ResultsQueue"),
        "TIERCEL_SERVICE_REGISTRY": "true",
        "TIERCEL_SCHEDULE_GROUP": ref("WakeGroup"),
        "TIERCEL_SCHEDULE_ROLE_ARN": arn("WakeRole"),
    }
    properties = {
        "MemorySize": ref("OrchestratorMemorySize"),
        "Timeout": SECONDS,
        "Events": {
            "Results": messages("ResultsQueue", BATCH),
            **{f"{name}Dead": messages(f"{name}DeadLetters", 1) for name in names.values()},
            "Slow": {"Type": "Schedule", "Properties": {"Schedule": SLOW_RULE, "Input": '{"wake": true}'}},
        },
    }
    return of_family.function_of(IMAGE, version, NAME, properties, environment)


def path() -> Any:
    """Write the gateway's route by which executions are started."""
    operation = {
        "responses": {"201": {"description": "The execution that was started."}},
        "security": openapi.TOKEN,
        openapi.INTEGRATION: openapi.integration(of_family.function_uri_of(NAME)),
    }
    return when(CONDITION, {"post": operation})


def messages(queue: str, size: int) -> dict[str, Any]:
    """Feed the function from a queue."""
    return {
        "Type": "SQS",
        "Properties": {
            "Queue": arn(queue),
            "BatchSize": size,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": ref("OrchestratorConcurrency")},
        },
    }


def role(families: list[Family]) -> dict[str, Any]:
    """Allow what the orchestrator does: send tasks, take answers, set timers, and reach the storage."""
    names = [of_family.logical(family.name) for family in families]
    taken = [arn("ResultsQueue"), *(arn(f"{name}DeadLetters") for name in names)]
    sent = [arn("ResultsQueue"), *(arn(f"{name}Queue") for name in names)]
    schedules = (
        "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/${WakeGroup}/wake-*"
    )
    passing = roles.allow(["iam:PassRole"], arn("WakeRole"))
    passing["Condition"] = {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}
    return roles.role(
        f"{NAME}Logs",
        roles.storage(),
        roles.policy("queues", roles.allow(roles.TAKING, taken), roles.allow(["sqs:SendMessage"], sent)),
        roles.policy("timers", roles.allow(["scheduler:CreateSchedule"], sub(schedules)), passing),
    )


def wake_role() -> dict[str, Any]:
    """Write the role under which Scheduler calls the orchestrator: of this account's schedules only."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}},
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": document}}
