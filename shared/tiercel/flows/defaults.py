"""Lay a flow's `pluginDefaults` (once `taskDefaults`) into the plugins that they are meant for."""

from dataclasses import dataclass

from tiercel.flows.yaml_tree import ListNode, MapNode, Node, plain


@dataclass(frozen=True, slots=True)
class Default:
    """One entry: for a type, or for all types that begin so; with a `ref`, for those that name it."""

    type: str
    ref: str | None
    forced: bool
    values: MapNode


def apply_defaults(flow: MapNode) -> None:
    """Lay a flow's defaults into its document, in place: what a task names wins, then the longer type."""
    defaults = [default for name in ("pluginDefaults", "taskDefaults") for default in _listed(flow.get(name))]
    defaults.sort(key=lambda default: (default.ref is None, -len(default.type)))
    if not defaults:
        return
    for name, (_, value) in flow.entries.items():
        if name not in ("pluginDefaults", "taskDefaults"):
            _lay_into(value, defaults)


def _listed(node: Node | None) -> list[Default]:
    found = []
    for item in node.items if isinstance(node, ListNode) else []:
        values = item.get("values") if isinstance(item, MapNode) else None
        kind = item.text("type") if isinstance(item, MapNode) else None
        if kind and isinstance(values, MapNode) and isinstance(item, MapNode):
            found.append(Default(kind, item.text("ref"), plain(item.get("forced")) is True, values))
    return found


def _lay_into(node: Node, defaults: list[Default]) -> None:
    if isinstance(node, ListNode):
        for item in node.items:
            _lay_into(item, defaults)
    if not isinstance(node, MapNode):
        return
    kind = node.text("type")
    named = (None, node.text("pluginDefaultsRef"))
    meant = [one for one in defaults if kind and kind.startswith(one.type) and one.ref in named]
    for default in meant:
        if not default.forced:
            _merge(node, default.values, over=False)
    for default in reversed(meant):
        if default.forced:
            _merge(node, default.values, over=True)
    for _, value in list(node.entries.values()):
        _lay_into(value, defaults)


def _merge(node: MapNode, values: MapNode, *, over: bool) -> None:
    for name, (key, value) in values.entries.items():
        there = node.get(name)
        if isinstance(there, MapNode) and isinstance(value, MapNode):
            # a copy: the map may be shared with another task through a YAML alias
            copy = MapNode(dict(there.entries), there.line, there.column)
            node.entries[name] = (node.entries[name][0], copy)
            _merge(copy, value, over=over)
        elif there is None or over:
            node.entries[name] = (key, value)
