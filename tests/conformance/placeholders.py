"""What stands between angle brackets in an entry and is known only when it runs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

PLACEHOLDER = re.compile(r"<([A-Za-z][^<>\n]*)>")
ONE_OF = "one of "


class Unresolved(Exception):
    """A placeholder that nothing is known about."""


@dataclass
class Names:
    """What placeholders stand for in one entry. `made`: gives a value to names that may be anything."""

    known: dict[str, Any] = field(default_factory=dict)
    flows: dict[str, str] = field(default_factory=dict)
    """Flow id -> id of its latest execution."""
    made: Callable[[str], str | None] = lambda name: None

    def resolve(self, value: Any) -> Any:
        """Fill in every placeholder of a value, however deep."""
        if isinstance(value, str):
            return PLACEHOLDER.sub(lambda match: str(self.find(match[1])), value)
        if isinstance(value, Mapping):
            return {self.resolve(key): self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value

    def find(self, name: str) -> Any:
        """Give what one placeholder stands for."""
        if name in self.known:
            return self.known[name]
        flow = name.removesuffix(" execution id")
        if flow != name:
            ids = [
                id_ for flow_id, id_ in self.flows.items() if flow_id == flow or flow_id.endswith(f"-{flow}")
            ]
            if ids:
                return ids[-1]
        made = self.made(name)
        if made is None:
            raise Unresolved(f"nothing is known about <{name}>")
        return made


def agrees(wanted: Any, got: Any) -> bool:
    """Compare a value with an expectation, which may be `one of a, b, c`."""
    if isinstance(wanted, str) and wanted.startswith(ONE_OF):
        return got in [choice.strip() for choice in wanted.removeprefix(ONE_OF).split(",")]
    return same(wanted, got)


def same(wanted: Any, got: Any) -> bool:
    """Compare JSON values; true is not 1, and 1.0 is 1."""
    if isinstance(wanted, bool) or isinstance(got, bool):
        return wanted is got
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return wanted.keys() == got.keys() and all(same(item, got[key]) for key, item in wanted.items())
    if isinstance(wanted, list) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same, wanted, got))
    return bool(wanted == got)


def includes(wanted: Any, got: Any) -> bool:
    """Say whether a map has these entries, a list these items, a text this part."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            key in got and agrees(item, got[key]) for key, item in wanted.items()
        )
    if isinstance(got, list):
        return all(
            any(same(one, item) for item in got) for one in (wanted if isinstance(wanted, list) else [wanted])
        )
    if isinstance(got, Mapping):
        return all(one in got for one in (wanted if isinstance(wanted, list) else [wanted]))
    return all(str(one) in str(got) for one in (wanted if isinstance(wanted, list) else [wanted]))
