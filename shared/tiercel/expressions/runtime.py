"""One rendering under way: its variables and scopes, its budget, its doors to the outside."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget
from tiercel.expressions.numbers import is_number
from tiercel.expressions.problems import Missing, known_instead
from tiercel.expressions.values import is_list, is_reference, kind, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from tiercel.expressions.services import Services
    from tiercel.expressions.template import Template

    Evaluate: TypeAlias = Callable[["Run"], Any]
    Renderer: TypeAlias = Callable[["Run", list[str]], None]
    MacroCall: TypeAlias = Callable[["Run", tuple[Any, ...], dict[str, Any]], str]

NOTHING: Any = object()
MOST_ATTEMPTS = 100
RAW_MARK = "\ue000raw{}\ue001"


class Run:
    """The state of one rendering; templates rendered inside it share all but blocks and macros."""

    __slots__ = (
        "_given",
        "_services",
        "blocks",
        "budget",
        "fetched",
        "kept",
        "macros",
        "names",
        "own",
        "secrets",
    )

    def __init__(
        self, variables: Mapping[str, Any], services: Services | None, budget: Budget | None
    ) -> None:
        self.names = dict(variables)
        self._given = services
        self._services: Services | None = None
        self.budget = Budget() if budget is None else budget
        # what the innermost scope brought in; None for the outermost, which owns every name
        self.own: set[str] | None = None
        self.blocks: dict[str, Renderer] = {}
        self.macros: dict[str, MacroCall] = {}
        self.fetched: dict[str, Any] = {}
        self.secrets: set[str] = set()
        self.kept: list[str] | None = None

    @property
    def services(self) -> Services:
        """Give the doors to the outside, which most renderings never open."""
        if self._services is None:
            from tiercel.expressions.services import completed

            self._services = completed(self._given)
        return self._services

    def lookup(self, name: str) -> Any:
        """Give a variable."""
        value = self.names.get(name, NOTHING)
        if value is NOTHING:
            if name == "_context":
                return self.everything()
            raise Missing(name, name, self.names)
        return self.follow(value) if type(value) is dict else value

    def assign(self, name: str, value: Any) -> None:
        """Set a variable where it lives, or in the innermost scope, which then takes it away at its end."""
        if self.own is not None and name not in self.names:
            self.own.add(name)
        self.names[name] = value

    def everything(self) -> dict[str, Any]:
        """Give all variables in one map."""
        return dict(self.names)

    def follow(self, value: Any) -> Any:
        """Give the value that a reference into storage stands for, fetched once; any other value as it is."""
        if not is_reference(value):
            return value
        uri = str(value["$ref"])
        if uri not in self.fetched:
            self.fetched[uri] = self.services.fetch_ref(value)
        return self.fetched[uri]

    def attribute(self, target: Any, key: Any, path: str) -> Any:
        """Give an item of a map or list; nothing else has attributes."""
        value = NOTHING
        if isinstance(target, dict):
            value = _map_item(target, key)
        elif is_list(target):
            value = _list_item(list(target) if not isinstance(target, list | tuple) else target, key)
        if value is NOTHING and isinstance(key, str):
            value = self._property(target, key)
        if value is NOTHING:
            raise Missing(f"{path}{_written(key, path)}", key if isinstance(key, str) else "", target)
        return self.follow(value) if type(value) is dict else value

    def _property(self, target: Any, key: str) -> Any:
        # `rows.size` without parentheses; a map that lacks the name is more likely to have been mistyped
        if target is None or isinstance(target, dict):
            return NOTHING
        from tiercel.expressions.methods import property_of

        return property_of(self, target, key)

    def render(self, value: Any, recursive: bool) -> Any:
        """Render every text in a value: texts, and the keys and leaves of maps and lists."""
        if isinstance(value, str):
            return self.render_text(value, recursive)
        value = self.follow(value)
        self.budget.enter()
        try:
            if isinstance(value, dict):
                self.budget.spend(len(value))
                pairs = value.items()
                return {self.render(key, recursive): self.render(item, recursive) for key, item in pairs}
            if is_list(value):
                self.budget.spend(len(value))
                return [self.render(item, recursive) for item in value]
        finally:
            self.budget.leave()
        return value

    def render_text(self, text: str, recursive: bool) -> str:
        """Render a text as a template; recursively, until nothing is left to render."""
        from tiercel.expressions.lexer import is_template
        from tiercel.expressions.template import compile_template

        if not is_template(text):
            return text
        outermost, self.kept = self.kept is None, self.kept if self.kept is not None else []
        self.budget.enter()
        try:
            rendered = self.inner(compile_template(text))
            attempts = 1
            while recursive and rendered != text and is_template(rendered):
                attempts += 1
                if attempts > MOST_ATTEMPTS:
                    raise ExpressionError(
                        "Too many rendering attempts: the text renders to a template again and again"
                    )
                text, rendered = rendered, self.inner(compile_template(rendered))
            return self._restored(rendered) if outermost else rendered
        finally:
            self.budget.leave()
            if outermost:
                self.kept = None

    def inner(self, template: Template) -> str:
        """Render a template with names, blocks and macros of its own."""
        outside = self.blocks, self.macros, self.names, self.own
        self.blocks, self.macros, self.names, self.own = {}, dict(self.macros), dict(self.names), None
        try:
            return template.run(self)
        finally:
            self.blocks, self.macros, self.names, self.own = outside

    def keep(self, text: str) -> str:
        """Give what stands for a raw text: itself, or a mark while renderings are nested."""
        if self.kept is None or "{" not in text:
            return text
        self.kept.append(text)
        return RAW_MARK.format(len(self.kept) - 1)

    def _restored(self, text: str) -> str:
        for index, kept in enumerate(self.kept or ()):
            text = text.replace(RAW_MARK.format(index), kept)
        return text

    def call_block(self, name: str) -> str:
        """Render a block of this template again."""
        if name not in self.blocks:
            raise ExpressionError(f"Unknown block `{name}`{known_instead(name, self.blocks)}")
        out: list[str] = []
        self.budget.enter()
        self.blocks[name](self, out)
        self.budget.leave()
        return self.joined(out)

    def joined(self, out: list[str]) -> str:
        """Put together what was written, and pay for it: nothing is copied before its size is known."""
        self.budget.write(sum(map(len, out)))
        return out[0] if len(out) == 1 else "".join(out)

    def text(self, value: Any, what: str) -> str:
        """Give a text where one is needed; null is refused, scalars are written out."""
        if value is None:
            raise ExpressionError(f"{what} must be a text, not null")
        return text_of(value, self)


def _map_item(target: dict[Any, Any], key: Any) -> Any:
    try:
        value = target.get(key, NOTHING)
    except TypeError:
        raise ExpressionError(f"{kind(key)} cannot be the key of a map".capitalize()) from None
    if value is NOTHING and is_number(key):
        return target.get(str(key), NOTHING)
    return value


def _list_item(target: Any, key: Any) -> Any:
    if isinstance(key, str) and key.isdecimal() and len(key) < 12:
        key = int(key)
    if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < len(target):
        return target[key]
    return NOTHING


def _written(key: Any, path: str) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f".{key}" if path else key
    if key is True or key is False:
        return f"[{str(key).lower()}]"
    return f"[{key!r}]" if isinstance(key, str | int) else "[…]"
