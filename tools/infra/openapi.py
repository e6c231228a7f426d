"""The route table as an API of AWS's (OpenAPI 3, HTTP API) and of Google's gateway (OpenAPI 2)."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tiercel.registry import Family
from tiercel.routing import Route, routes

GATEWAY_MILLISECONDS = 30_000
GOOGLE_DEADLINE_SECONDS = 60.0
INTEGRATION = "x-amazon-apigateway-integration"
TOKEN: list[dict[str, list[str]]] = [{"token": []}]

Uri = Callable[[str], Any]
"""Gives the address of a family's function, by the family's name."""


def placeholder(family: str) -> str:
    """Stand for the address of a family's function, for whoever imports the file by hand."""
    return f"${{{family}.uri}}"


def aws(
    families: Iterable[Family], uri: Uri = placeholder, authorizer: Mapping[str, Any] | None = None
) -> Any:
    """Write the API that an HTTP API is made of: one integration per family, however many routes it has.

    `authorizer`: the gateway's own check of tokens; without one, the functions alone check.
    """
    families = list(families)
    paths: dict[str, Any] = {}
    for route in routes(families):
        path = f"{route.path}/{{proxy+}}" if route.open_ended else route.path
        paths.setdefault(path, {}).update(
            {method: aws_operation(route, bool(authorizer)) for method in route.methods}
        )
    components: dict[str, Any] = {
        f"{INTEGRATION}s": {family.name: integration(uri(family.name)) for family in families}
    }
    if authorizer:
        components["securitySchemes"] = {"token": dict(authorizer)}
    info = {"title": "tiercel", "version": "1"}
    return {"openapi": "3.0.1", "info": info, "paths": paths, "components": components}


def aws_operation(route: Route, authorized: bool) -> dict[str, Any]:
    """Describe one method of a route."""
    found: dict[str, Any] = {
        "x-tiercel-family": route.family,
        "responses": {"200": {"description": "The family's answer."}},
        INTEGRATION: {"$ref": f"#/components/{INTEGRATION}s/{route.family}"},
    }
    if authorized and not route.public:
        found["security"] = TOKEN
    return found


def integration(uri: Any) -> dict[str, Any]:
    """Lead to a function."""
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "payloadFormatVersion": "2.0",
        "timeoutInMillis": GATEWAY_MILLISECONDS,
        "uri": uri,
    }


def google(families: Iterable[Family]) -> Any:
    """Write the API that Google's gateway is made of; `${REGION}` and the like are filled in when it is used.

    The gateway shows its own identity to Cloud Run; the caller's token travels in X-Forwarded-Authorization,
    and the family checks it.
    """
    paths: dict[str, Any] = {}
    for route in routes(families):
        path = f"{route.path}/{{rest=**}}" if route.open_ended else route.path
        paths[path] = {method: google_operation(route, method) for method in route.methods}
    return {
        "swagger": "2.0",
        "info": {"title": "tiercel", "version": "1"},
        "schemes": ["https"],
        "produces": ["application/json"],
        "paths": paths,
    }


def google_operation(route: Route, method: str) -> dict[str, Any]:
    """Describe one method of a route."""
    words = [part for part in route.path.replace("-", "/").split("/") if part]
    found: dict[str, Any] = {
        "operationId": method + "".join(word[:1].upper() + word[1:] for word in words),
        "x-google-backend": {
            "address": f"https://tiercel-{route.family}-${{PROJECT_NUMBER}}.${{REGION}}.run.app",
            "path_translation": "APPEND_PATH_TO_ADDRESS",
            "deadline": GOOGLE_DEADLINE_SECONDS,
        },
        "responses": {"200": {"description": "The family's answer."}},
    }
    if route.open_ended:
        found["parameters"] = [{"name": "rest", "in": "path", "required": True, "type": "string"}]
    return found
