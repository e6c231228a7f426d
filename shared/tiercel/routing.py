"""Which paths lead to which family: the table behind every gateway, ours and the clouds'.

A gateway matches whole path segments, so the dots of a task type become slashes.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tiercel.registry import Family, route_table

FALLBACK = "core"
"""The family that answers for types that no family owns, with a sentence instead of a bare 404."""
TASKS = "/v1/tasks"
FAMILIES = "/v1/families"
METHODS = ("get", "post", "delete")
"""Named one by one: a route for any method would take in a browser's preflight requests, too."""


class Route(NamedTuple):
    """One route: a literal path, followed by anything where `open_ended`, and who serves it.

    `public`: no token is asked for.
    """

    path: str
    methods: tuple[str, ...]
    family: str
    open_ended: bool = True
    public: bool = False


def family_base(name: str) -> str:
    """Give the path below which a family is reached by its name."""
    return f"{FAMILIES}/{name}"


def routes(families: Iterable[Family]) -> list[Route]:
    """List the routes of all families."""
    families = list(families)
    found = [Route(one["path"], ("post",), one["family"]) for one in route_table(families)]
    if any(family.name == FALLBACK for family in families):
        found.append(Route(TASKS, ("post",), FALLBACK))
    for family in families:
        base = family_base(family.name)
        found += [
            Route(f"{base}/health", ("get",), family.name, open_ended=False, public=True),
            Route(base, METHODS, family.name),
        ]
    return found


def routes_document(families: Iterable[Family], urls: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Write the table for edge functions and orchestrators: prefix -> family -> path, and URL where known."""
    families, urls = list(families), urls or {}
    return {
        "version": 1,
        "fallback": FALLBACK,
        "families": {
            family.name: {"path": family_base(family.name)}
            | ({"url": urls[family.name]} if family.name in urls else {})
            for family in families
        },
        "routes": route_table(families),
    }
