"""The whole template: what the families share, and what each of them has."""

from collections.abc import Iterable
from typing import Any

from tiercel.registry import Family
from tiercel.routing import METHODS
from tools.infra import openapi
from tools.infra.sam import authorizer, orchestrator
from tools.infra.sam import families as of_family
from tools.infra.sam.alarms import alarm
from tools.infra.sam.intrinsics import arn, ref, sub, when
from tools.infra.sam.parameters import CONDITIONS, PARAMETERS, RULES

ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "latency": "$context.responseLatency",
    "error": "$context.integrationErrorMessage",
}


def template(families: Iterable[Family], version: str) -> dict[str, Any]:
    """Write the template for some families, and an orchestrator of a version."""
    families = list(families)
    resources: dict[str, Any] = shared(families, version)
    for family in families:
        resources |= of_family.resources(family)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Description": "tiercel: a function per plugin family behind one HTTP API, all at zero when idle.",
        "Parameters": PARAMETERS,
        "Rules": RULES,
        "Conditions": CONDITIONS,
        "Globals": {
            "Function": {
                "VpcConfig": when(
                    "HasVpc", {"SubnetIds": ref("SubnetIds"), "SecurityGroupIds": ref("SecurityGroupIds")}
                ),
                "Environment": {"Variables": of_family.environment()},
            }
        },
        "Resources": resources,
        "Outputs": outputs(families),
    }


def shared(families: list[Family], version: str) -> dict[str, Any]:
    """List what the families share."""
    return {
        "Api": api(families),
        **authorizer.resources(families),
        "ApiLogs": of_family.logs("api"),
        "ApiErrors": alarm("5xx", "AWS/ApiGateway", "ApiId", ref("Api")),
        "StorageBucket": bucket(),
        "StorageBucketPolicy": only_encrypted(),
        "ResultsQueue": orchestrator.results_queue(),
        "ResultsDeadLetters": of_family.dead_letters(),
        "ResultsDeadLettersFilled": of_family.filled("ResultsDeadLetters"),
        **orchestrator.resources(families, version),
    }


def api(families: list[Family]) -> dict[str, Any]:
    """Write the HTTP API."""
    body = openapi.aws(families, of_family.function_uri, authorizer.scheme())
    body["paths"][orchestrator.PATH] = orchestrator.path()
    body["x-amazon-apigateway-cors"] = when(
        "HasOrigins",
        {
            "allowOrigins": ref("AllowedOrigins"),
            "allowMethods": [method.upper() for method in METHODS],
            "allowHeaders": ["authorization", "content-type", "idempotency-key", "prefer"],
            "exposeHeaders": ["location", "retry-after"],
            "maxAge": 600,
        },
    )
    return {
        "Type": "AWS::Serverless::HttpApi",
        "Properties": {
            "StageName": "$default",
            "DefinitionBody": body,
            "FailOnWarnings": True,
            "DefaultRouteSettings": {
                "ThrottlingRateLimit": ref("ThrottlingRateLimit"),
                "ThrottlingBurstLimit": ref("ThrottlingBurstLimit"),
                "DetailedMetricsEnabled": True,
            },
            "AccessLogSettings": {"DestinationArn": arn("ApiLogs"), "Format": access_log()},
        },
    }


def access_log() -> str:
    """Write the form of a line of the access log."""
    return "{" + ", ".join(f'"{name}": "{value}"' for name, value in ACCESS_LOG.items()) + "}"


def bucket() -> dict[str, Any]:
    """Write the bucket of the internal storage: nobody's but the families', and kept when the stack goes."""
    return {
        "Type": "AWS::S3::Bucket",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                ]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "unfinished-uploads",
                        "Status": "Enabled",
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    }
                ]
            },
        },
    }


def only_encrypted() -> dict[str, Any]:
    """Refuse what does not come over TLS."""
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn("StorageBucket"), sub("${StorageBucket.Arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": ref("StorageBucket"),
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        },
    }


def outputs(families: list[Family]) -> dict[str, Any]:
    """Tell whoever deployed what there is."""
    url = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}"
    urls = ", ".join(f'"{family.name}": "{url}/v1/families/{family.name}"' for family in families)
    found: dict[str, Any] = {
        "Url": {"Description": "Where the API is.", "Value": sub(url)},
        "FamilyUrls": {
            "Description": "For an orchestrator: TIERCEL_FAMILY_URLS.",
            "Value": sub("{" + urls + "}"),
        },
        "StorageUrl": {
            "Description": "For an orchestrator: TIERCEL_STORAGE_URL.",
            "Value": sub("s3://${StorageBucket}"),
        },
        "ResultsQueueUrl": {"Description": "Where workers send results.", "Value": ref("ResultsQueue")},
    }
    found["Orchestrator"] = {
        "Condition": orchestrator.CONDITION,
        "Description": "To be invoked with {namespace, flowId, inputs}: starts an execution.",
        "Value": arn(orchestrator.NAME),
    }
    for family in families:
        name = of_family.logical(family.name)
        found[f"{name}QueueUrl"] = {
            "Description": f"Takes envelopes for the family {family.name}.",
            "Value": ref(f"{name}Queue"),
        }
    return found
