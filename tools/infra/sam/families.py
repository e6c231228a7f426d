"""The resources of one family: two functions of one image, a queue, and what watches them."""

import re
from typing import Any

from tiercel.registry import Family
from tools.infra.sam import roles
from tools.infra.sam.alarms import alarm
from tools.infra.sam.intrinsics import NO_VALUE, arn, ref, sub, when

WORKER_SECONDS = 900
"""The longest that Lambda lets a function run."""
VISIBILITY_SECONDS = 6 * WORKER_SECONDS
"""AWS's advice: six times the function's timeout, so that a message that is worked on is not seen again."""
KEPT_SECONDS = 14 * 24 * 3600
DEAD_SECONDS = 3600
"""How long a dead letter that is not the orchestrator's own is left alone before it looks again."""
TRIES = 3


def logical(family: str) -> str:
    """Name a family as CloudFormation names things: `my-family` is `MyFamily`."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", family))


def function_uri(family: str) -> Any:
    """Give the address by which the gateway calls a family's function."""
    return function_uri_of(f"{logical(family)}Function")


def function_uri_of(name: str) -> Any:
    """Give the address by which the gateway calls a function."""
    service = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
    return sub(f"{service}/${{{name}.Arn}}/invocations")


def resources(family: Family) -> dict[str, Any]:
    """List the resources of a family."""
    name = logical(family.name)
    answering, working = f"{name}Function", f"{name}Worker"
    return {
        f"{answering}Logs": logs(family.name),
        f"{answering}Role": roles.role(
            f"{answering}Logs", roles.storage(), roles.leaving(f"{name}Queue"), roles.task_tokens()
        ),
        answering: function(
            family, answering, {"MemorySize": ref("MemorySize"), "Timeout": 30}, of_runs(family, name)
        ),
        f"{name}Permission": permission(answering),
        f"{working}Logs": logs(f"{family.name}-worker"),
        f"{working}Role": roles.role(
            f"{working}Logs", roles.storage(), roles.queue(f"{name}Queue"), roles.task_tokens()
        ),
        working: function(
            family,
            working,
            {
                "MemorySize": ref("WorkerMemorySize"),
                "Timeout": WORKER_SECONDS,
                "Events": {"Messages": messages(f"{name}Queue")},
            },
            {"TIERCEL_RESULTS_QUEUE_URL": ref("ResultsQueue"), **of_runs(family, name)},
        ),
        f"{name}Queue": queue(f"{name}DeadLetters"),
        f"{name}DeadLetters": dead_letters(),
        f"{answering}Errors": alarm("Errors", "AWS/Lambda", "FunctionName", ref(answering)),
        f"{answering}Throttles": alarm("Throttles", "AWS/Lambda", "FunctionName", ref(answering)),
        f"{working}Errors": alarm("Errors", "AWS/Lambda", "FunctionName", ref(working)),
        f"{name}DeadLettersFilled": filled(f"{name}DeadLetters"),
    }


def filled(dead: str) -> dict[str, Any]:
    """Raise an alarm when there are dead letters."""
    name = {"Fn::GetAtt": [dead, "QueueName"]}
    return alarm("ApproximateNumberOfMessagesVisible", "AWS/SQS", "QueueName", name, "Maximum")


def of_runs(family: Family, name: str) -> dict[str, Any]:
    """Say how a run is left to the worker: its message in the queue, its row under the family's own token."""
    token = f"{{{{resolve:secretsmanager:${{ServiceTokensArn}}:SecretString:{family.name}}}}}"
    return {
        "TIERCEL_WORK_QUEUE_URL": ref(f"{name}Queue"),
        "TIERCEL_SERVICE_TOKEN": when("HasServiceTokens", sub(token), NO_VALUE),
    }


def function(
    family: Family, name: str, properties: dict[str, Any], environment: dict[str, Any]
) -> dict[str, Any]:
    """Write a function of the family's image."""
    return function_of(family.name, family.version, name, properties, environment)


def function_of(
    image: str, version: str, name: str, properties: dict[str, Any], environment: dict[str, Any]
) -> dict[str, Any]:
    """Write a function of an image that the Dockerfile builds."""
    return {
        "Type": "AWS::Serverless::Function",
        "Metadata": {
            "DockerContext": ".",
            "Dockerfile": "Dockerfile",
            "DockerTag": f"{image}-{version}",
            "DockerBuildTarget": "lambda",
            "DockerBuildArgs": {"FAMILY": image},
        },
        "Properties": {
            "PackageType": "Image",
            "Architectures": [ref("Architecture")],
            "Role": arn(f"{name}Role"),
            "ReservedConcurrentExecutions": when("HasReserve", ref("ReservedConcurrency")),
            "LoggingConfig": {"LogGroup": ref(f"{name}Logs")},
            **properties,
            "Environment": {"Variables": {"POWERTOOLS_SERVICE_NAME": image, **environment}},
        },
    }


def permission(function_name: str) -> dict[str, Any]:
    """Let the gateway call a function: one permission, however many routes lead to it."""
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": ref(function_name),
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": sub(source),
        },
    }


def messages(queue_name: str) -> dict[str, Any]:
    """Feed a worker from a queue: a message at a time, since one may take all the time there is."""
    return {
        "Type": "SQS",
        "Properties": {
            "Queue": arn(queue_name),
            "BatchSize": 1,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "ScalingConfig": {"MaximumConcurrency": ref("WorkerConcurrency")},
        },
    }


def logs(name: str) -> dict[str, Any]:
    """Write a log group."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "LogGroupName": sub(f"/tiercel/${{AWS::StackName}}/{name}"),
            "RetentionInDays": ref("LogRetentionDays"),
        },
    }


def queue(dead: str) -> dict[str, Any]:
    """Write a queue whose messages are tried a few times."""
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {
            "VisibilityTimeout": VISIBILITY_SECONDS,
            "SqsManagedSseEnabled": True,
            "RedrivePolicy": {"deadLetterTargetArn": arn(dead), "maxReceiveCount": TRIES},
        },
    }


def dead_letters() -> dict[str, Any]:
    """Write a queue for messages that could not be worked on."""
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "MessageRetentionPeriod": KEPT_SECONDS,
            "VisibilityTimeout": DEAD_SECONDS,
            "SqsManagedSseEnabled": True,
        },
    }


def environment() -> dict[str, Any]:
    """Say what all functions need to know."""
    return {
        "TIERCEL_JWT_KEY": when("HasJwtKey", ref("JwtKey")),
        "TIERCEL_JWT_SECRET": when("HasJwtSecret", sub("{{resolve:secretsmanager:${JwtSecretArn}}}")),
        "TIERCEL_HMAC_SECRET": when("HasHmacSecret", sub("{{resolve:secretsmanager:${HmacSecretArn}}}")),
        "TIERCEL_STORAGE_URL": sub("s3://${StorageBucket}"),
        "TIERCEL_BODY_BYTES": ref("BodyBytes"),
        "SUPABASE_URL": when("HasSupabase", ref("SupabaseUrl"), NO_VALUE),
        "SUPABASE_ANON_KEY": when("HasSupabase", ref("SupabaseAnonKey"), NO_VALUE),
        "TIERCEL_KV_URL": when("HasSupabase", "supabase", NO_VALUE),
        "TIERCEL_SECRETS": when("HasSupabase", "vault", NO_VALUE),
        "POWERTOOLS_METRICS_NAMESPACE": "tiercel",
    }
