"""The gateway's own check of tokens: a function that has no permissions but to log."""

from typing import Any

from tiercel.registry import Family
from tiercel.routing import FALLBACK
from tools.infra.sam import families as of_family
from tools.infra.sam import roles
from tools.infra.sam.alarms import alarm
from tools.infra.sam.intrinsics import ref, sub

NAME = "Authorizer"
HANDLER = "tiercel.adapters.authorizer.handler"
CACHED_SECONDS = 300


def scheme() -> dict[str, Any]:
    """Describe the check. An answer is kept per token and route, since a token may be for some families only.

    A request without the header is answered 401 by the gateway, and no function is called.
    """
    return {
        "type": "apiKey",
        "name": "Authorization",
        "in": "header",
        "x-amazon-apigateway-authorizer": {
            "type": "request",
            "identitySource": "$request.header.Authorization, $context.routeKey",
            "authorizerPayloadFormatVersion": "2.0",
            "enableSimpleResponses": True,
            "authorizerResultTtlInSeconds": CACHED_SECONDS,
            "authorizerUri": of_family.function_uri_of(NAME),
        },
    }


def resources(families: list[Family]) -> dict[str, Any]:
    """List the resources: the image is that of a family, entered by another door."""
    image = next((family for family in families if family.name == FALLBACK), families[0])
    function = of_family.function(image, NAME, {"MemorySize": 512, "Timeout": 10}, {})
    function["Properties"]["ImageConfig"] = {"Command": [HANDLER]}
    function["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] = "authorizer"
    permission = of_family.permission(NAME)
    source = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/authorizers/*"
    permission["Properties"]["SourceArn"] = sub(source)
    return {
        NAME: function,
        f"{NAME}Role": roles.role(f"{NAME}Logs"),
        f"{NAME}Logs": of_family.logs("authorizer"),
        f"{NAME}Permission": permission,
        f"{NAME}Errors": alarm("Errors", "AWS/Lambda", "FunctionName", ref(NAME)),
    }
