"""How an HTTP API of AWS's chooses a route: exact paths first, then `{proxy+}` with the longest beginning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from tiercel.routing import Route

GREEDY = "/{proxy+}"
FAMILY = "x-tiercel-family"


class Match(NamedTuple):
    """The route that was chosen. `key`: as AWS writes it, `POST /v1/tasks/{proxy+}`."""

    family: str
    key: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """The routes of an OpenAPI document: (method, path) -> family."""

    exact: Mapping[tuple[str, str], str]
    greedy: Mapping[tuple[str, str], str]
    """The paths are without their `/{proxy+}`."""

    @classmethod
    def of(cls, routes: Iterable[Route]) -> "Table":
        """Make the table of some routes."""
        exact: dict[tuple[str, str], str] = {}
        greedy: dict[tuple[str, str], str] = {}
        for route in routes:
            target = greedy if route.open_ended else exact
            target |= {(method.upper(), route.path): route.family for method in route.methods}
        return cls(exact, greedy)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Table":
        """Read the table from `infra/routes/openapi.json`, or one that is like it."""
        exact: dict[tuple[str, str], str] = {}
        greedy: dict[tuple[str, str], str] = {}
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                target = greedy if path.endswith(GREEDY) else exact
                target[method.upper(), path.removesuffix(GREEDY)] = operation[FAMILY]
        return cls(exact, greedy)

    def match(self, method: str, path: str) -> Match | None:
        """Choose the route of a request; None where the gateway itself answers 404."""
        if family := self.exact.get((method, path)):
            return Match(family, f"{method} {path}", {})
        # what stands for {proxy+} is one segment at least
        begin, _, rest = path.rpartition("/")
        while begin:
            family = self.greedy.get((method, begin))
            if family and rest:
                return Match(family, f"{method} {begin}{GREEDY}", {"proxy": rest})
            begin, _, last = begin.rpartition("/")
            rest = f"{last}/{rest}"
        return None
