"""YAML as a tree of values that know their place."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from tiercel.errors import Problem
from tiercel.flows.scalars import resolve

MAX_DEPTH = 100
MAX_ALIASED_NODES = 50_000
"""How many values the aliases of a document may stand for: ten lines can mean a billion otherwise."""


@dataclass(slots=True)
class Scalar:
    """One scalar. `text`: as written, unquoted; `value`: what it means; `start`, `end`: its offsets."""

    text: str
    value: str | int | float | bool | None
    line: int = 0
    column: int = 0
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class ListNode:
    """A list."""

    items: list["Node"] = field(default_factory=list)
    line: int = 0
    column: int = 0


@dataclass(slots=True)
class MapNode:
    """A map: name -> where the name stands, and the value."""

    entries: dict[str, tuple[Scalar, "Node"]] = field(default_factory=dict)
    line: int = 0
    column: int = 0

    def get(self, name: str) -> "Node | None":
        """Give the value of a name; None if it is absent."""
        entry = self.entries.get(name)
        return entry[1] if entry else None

    def text(self, name: str) -> str | None:
        """Give the text of a scalar; None if it is absent, null, a list or a map."""
        node = self.get(name)
        return node.text if isinstance(node, Scalar) and node.value is not None else None


Node: TypeAlias = Scalar | ListNode | MapNode


def plain(node: Node | None) -> Any:
    """Give the value without its places."""
    if isinstance(node, MapNode):
        return {name: plain(value) for name, (_, value) in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value if node else None


def is_null(node: Node | None) -> bool:
    """Say whether a value is absent or null."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def parse(source: str) -> tuple[Node | None, list[Problem]]:
    """Read one YAML document; None for the tree where the text is no YAML or empty.

    Recoverable problems (a key given twice, an unquoted expression) leave a tree to go on with.
    """
    builder = _Builder()
    try:
        root = builder.document(_Events(source))
    except yaml.MarkedYAMLError as error:
        return None, [*builder.problems, _syntax(error, source)]
    except yaml.reader.ReaderError as error:
        before = source.encode()[: error.position].decode(errors="ignore")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        message = f"{error.reason}: remove this character, or write it as an escape in double quotes"
        return None, [Problem(message, line=line, column=column)]
    except _TooMuch as error:
        return None, [*builder.problems, Problem(str(error), line=error.line, column=error.column)]
    return root, builder.problems


HINTS = (
    ("mapping values are not allowed", "put quotes around a text that contains `: `"),
    (
        "found character that cannot start any token",
        "indent with spaces, not tabs, and quote a text that begins with @, ` or %",
    ),
    ("did not find expected key", "check the indentation of this line against the lines above it"),
    (
        "did not find expected '-' indicator",
        "check the indentation of this line: the items of a list stand in one column",
    ),
    ("could not find expected ':'", "write `name: value`, with a space after the colon"),
    ("unknown escape character", "use single quotes around a text with backslashes, or double the backslash"),
    ("unexpected end of stream", "close the quote or bracket that is open here"),
    ("did not find expected ',' or ']'", "close the list with `]`"),
    ("did not find expected ',' or '}'", 'close the map with `}`, and quote an expression: "{{ … }}"'),
)


def _syntax(error: yaml.MarkedYAMLError, source: str) -> Problem:
    lines = source.count("\n") + 1
    mark = error.problem_mark or error.context_mark
    if mark and mark.line >= lines and error.context_mark:
        mark = error.context_mark  # what was left open is more use than the end of the file
    said = error.problem or str(error)
    hint = next((hint for part, hint in HINTS if part in said), "check the indentation and the quotes")
    context = f" ({error.context})" if error.context else ""
    line, column = (min(mark.line + 1, lines), mark.column + 1) if mark else (None, None)
    return Problem(f"this is not YAML: {said}{context}; {hint}", line=line, column=column)


class _TooMuch(Exception):
    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class _Events:
    """The events of one source. The C composer recurses instead: deep nesting would end the process."""

    def __init__(self, source: str) -> None:
        self.events: Iterator[yaml.Event] = yaml.parse(source, Loader=yaml.CSafeLoader)

    def next(self) -> yaml.Event:
        return next(self.events)


class _Builder:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.open_anchors: set[str] = set()
        self.aliased = 0

    def document(self, events: _Events) -> Node | None:
        events.next()
        event = events.next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        root, _ = self._node(events, events.next(), 0)
        events.next()
        event = events.next()
        if not isinstance(event, yaml.StreamEndEvent):
            line, column = _place(event)
            self._problem(
                "a second document begins here: a file holds one flow; move the rest to another file",
                line,
                column,
            )
        return root

    def _problem(self, message: str, line: int, column: int, path: str = "") -> None:
        self.problems.append(Problem(message, path, line, column))

    def _node(self, events: _Events, event: yaml.Event, depth: int) -> tuple[Node, int]:
        """Build one node; the number is how many values it stands for, aliases spelt out."""
        line, column = _place(event)
        if depth > MAX_DEPTH:
            raise _TooMuch(f"this is nested more than {MAX_DEPTH} levels deep: make it flatter", line, column)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, line, column)
        anchor = event.anchor if isinstance(event, yaml.NodeEvent) else None
        if anchor:
            self.open_anchors.add(anchor)
        built: tuple[Node, int]
        if isinstance(event, yaml.ScalarEvent):
            built = self._scalar(event, line, column), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            built = self._list(events, ListNode([], line, column), depth)
        else:
            built = self._map(events, MapNode({}, line, column), depth)
        if anchor:
            self.anchors[anchor] = built
            self.open_anchors.discard(anchor)
        return built

    def _alias(self, event: yaml.AliasEvent, line: int, column: int) -> tuple[Node, int]:
        name = event.anchor
        if name not in self.anchors:
            inside = name in self.open_anchors
            reason = "stands inside the value it names" if inside else "names no anchor above it"
            self._problem(
                f"the alias *{name} {reason}: write the value out, or put &{name} before an earlier value",
                line,
                column,
            )
            return Scalar("", None, line, column), 1
        node, size = self.anchors[name]
        self.aliased += size
        if self.aliased > MAX_ALIASED_NODES:
            raise _TooMuch(
                f"aliases make this document stand for more than {MAX_ALIASED_NODES} values: use fewer",
                line,
                column,
            )
        return node, size

    def _scalar(self, event: yaml.ScalarEvent, line: int, column: int) -> Scalar:
        value = resolve(event.value, event.tag, bare=event.implicit[0] and not event.style)
        start, end = (mark.index if mark else 0 for mark in (event.start_mark, event.end_mark))
        return Scalar(event.value, value, line, column, start, end)

    def _list(self, events: _Events, node: ListNode, depth: int) -> tuple[Node, int]:
        size = 1
        while not isinstance(event := events.next(), yaml.SequenceEndEvent):
            item, count = self._node(events, event, depth + 1)
            node.items.append(item)
            size += count
        return node, size

    def _map(self, events: _Events, node: MapNode, depth: int) -> tuple[Node, int]:
        size = 1
        merges: list[Node] = []
        while not isinstance(event := events.next(), yaml.MappingEndEvent):
            key, _ = self._node(events, event, depth + 1)
            value, count = self._node(events, events.next(), depth + 1)
            size += count
            if not isinstance(key, Scalar):
                self._bad_key(key)
            elif key.text == "<<":
                merges.append(value)
            elif key.text in node.entries:
                self._problem(
                    f"Duplicate field '{key.text}': see line {node.entries[key.text][0].line}; keep one",
                    key.line,
                    key.column,
                )
            else:
                node.entries[key.text] = (key, value)
        for merge in merges:
            self._merge(node, merge)
        return node, size

    def _bad_key(self, key: Node) -> None:
        unquoted = isinstance(key, MapNode) or (isinstance(key, ListNode) and not key.items)
        message = (
            'an expression must stand in quotes here: write "{{ … }}"'
            if unquoted
            else "the name of a property must be a text, not a list or a map"
        )
        self._problem(message, key.line, key.column)

    def _merge(self, node: MapNode, merge: Node) -> None:
        for source in merge.items if isinstance(merge, ListNode) else [merge]:
            if not isinstance(source, MapNode):
                self._problem(
                    "`<<` takes a map, or a list of maps, usually an alias such as *defaults",
                    source.line,
                    source.column,
                )
                continue
            for name, entry in source.entries.items():
                node.entries.setdefault(name, entry)


def _place(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)
