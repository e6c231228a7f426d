"""Who may do what: a role per function, with nothing in it that another's task needs."""

from collections.abc import Iterable
from typing import Any

from tools.infra.sam.intrinsics import NO_VALUE, arn, ref, sub, when

VPC_POLICY = "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"

TAKING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes")


def allow(actions: Iterable[str], resource: Any) -> dict[str, Any]:
    """Allow some actions on some resources."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def policy(name: str, *statements: dict[str, Any]) -> dict[str, Any]:
    """Write a policy within a role."""
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}


def role(log_group: str, *policies: Any) -> dict[str, Any]:
    """Write the role of a function that logs to a group of its own."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    logs = policy("logs", allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn(log_group)))
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust,
            # a function in a VPC makes network interfaces, which AWS allows on all resources or on none
            "ManagedPolicyArns": when("HasVpc", [sub(VPC_POLICY)], NO_VALUE),
            "Policies": [logs, *policies],
        },
    }


def storage() -> dict[str, Any]:
    """Allow the internal storage."""
    return policy(
        "storage",
        allow(
            ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
            sub("${StorageBucket.Arn}/*"),
        ),
        allow(["s3:ListBucket"], arn("StorageBucket")),
    )


def queue(name: str) -> dict[str, Any]:
    """Allow to work off a queue, and to send results."""
    return policy("queues", allow(TAKING, arn(name)), allow(["sqs:SendMessage"], arn("ResultsQueue")))


def leaving(name: str) -> dict[str, Any]:
    """Allow to leave to a worker what takes long."""
    return policy("queue", allow(["sqs:SendMessage"], arn(name)))


def task_tokens() -> Any:
    """Allow to answer the state machines that wait for a task."""
    actions = ["states:SendTaskSuccess", "states:SendTaskFailure", "states:SendTaskHeartbeat"]
    return when("HasStateMachines", policy("task-tokens", allow(actions, ref("StateMachineArns"))))
