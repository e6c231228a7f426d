"""Templates: compiled once, kept in a bounded cache, rendered as often as wanted."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions import nodes
from tiercel.expressions.budget import Budget
from tiercel.expressions.compiler import Compiler
from tiercel.expressions.lexer import is_template
from tiercel.expressions.parser import parse
from tiercel.expressions.problems import Missing, too_deep
from tiercel.expressions.runtime import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import EllipsisType
    from typing import Any, TypeVar

    from tiercel.expressions.runtime import MacroCall, Renderer
    from tiercel.expressions.services import Services

    Result = TypeVar("Result")

TEMPLATES_KEPT = 1024
LARGEST_HASHED = 32 * 1024
LARGE_TEMPLATES_KEPT = 4
LARGEST_KEPT = 2 * 1024 * 1024
LETTERS_COMPARED = 64


class Template:
    """A compiled template; it holds no state of a rendering and may be shared by threads."""

    __slots__ = ("_blocks", "_macros", "_references", "_render", "_tree", "_whole", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._tree = parse(source)
        self._macros: dict[str, MacroCall] = {}
        self._blocks: dict[str, Renderer] = {}
        compiler = Compiler(source, self._tree)
        compiler.declare(self._tree, self._macros, self._blocks)
        self._render = compiler.body(self._tree)
        only = self._tree[0] if len(self._tree) == 1 else None
        self._whole = compiler.expression(only.expression) if isinstance(only, nodes.Output) else None
        self._references: frozenset[tuple[str | EllipsisType, ...]] | None = None

    def run(self, run: Run) -> str:
        """Render inside a rendering under way."""
        if self._macros:
            run.macros.update(self._macros)
        if self._blocks:
            run.blocks.update(self._blocks)
        out: list[str] = []
        self._render(run, out)
        return run.joined(out)

    def render(
        self, variables: Mapping[str, Any], services: Services | None = None, budget: Budget | None = None
    ) -> str:
        """Render to text."""
        return guarded(lambda: self.run(Run(variables, services, budget)))

    def evaluate(
        self, variables: Mapping[str, Any], services: Services | None = None, budget: Budget | None = None
    ) -> Any:
        """Give the value itself of a template that is one `{{ … }}`; the rendered text of any other."""
        run, whole = Run(variables, services, budget), self._whole
        return guarded(lambda: self.run(run) if whole is None else run.follow(whole(run)))

    @property
    def references(self) -> frozenset[tuple[str | EllipsisType, ...]]:
        """Give the paths that this template may need."""
        if self._references is None:
            from tiercel.expressions.analysis import references_of

            self._references = guarded(lambda: references_of(self._tree))
        return self._references


def guarded(work: Callable[[], Result]) -> Result:
    """Turn what must not leave the language into an ExpressionError."""
    try:
        return work()
    except Missing as missing:
        raise missing.explained() from None
    except RecursionError:
        raise too_deep() from None
    except MemoryError:
        raise ExpressionError("The expression needs more memory than there is") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # a hole of ours: whoever renders is promised an ExpressionError; the cause stays attached
        raise ExpressionError(f"The expression could not be evaluated: {type(error).__name__}") from error


def compile_template(text: str) -> Template:
    """Give the compiled template, from the cache where possible."""
    if len(text) <= LARGEST_HASHED:
        return _kept(text)
    # to hash a large text costs more than to copy it: a few of its letters find it, a comparison makes sure
    key = len(text), text[:: len(text) // LETTERS_COMPARED]
    found = _large.get(key)
    if found is None or found.source != text:
        met, found = key in _large, guarded(lambda: Template(text))
        if len(_large) >= LARGE_TEMPLATES_KEPT:
            _large.clear()
        # most scripts are rendered once: what is met again is kept
        _large[key] = found if met and len(text) <= LARGEST_KEPT else None
    return found


_large: dict[tuple[int, str], Template | None] = {}


# two generations: what the older one still holds moves on when it is used, the rest is forgotten
_young: dict[str, Template] = {}
_old: dict[str, Template] = {}


def _kept(text: str) -> Template:
    global _young, _old
    found = _young.get(text)
    if found is None:
        found = _old.get(text) or guarded(lambda: Template(text))
        if len(_young) >= TEMPLATES_KEPT // 2:
            _young, _old = {}, _young
        _young[text] = found
    return found


def render(
    text: str, variables: Mapping[str, Any], services: Services | None = None, *, recursive: bool = False
) -> str:
    """Render a text; recursively, until nothing is left to render."""
    if len(text) <= LARGEST_HASHED and not is_template(text):
        return text
    if recursive:
        return guarded(lambda: Run(variables, services, None).render_text(text, True))
    return compile_template(text).render(variables, services)


def render_deep(value: Any, variables: Mapping[str, Any], services: Services | None = None) -> Any:
    """Render every text in a map or list, keys included; other values stay as they are."""
    return guarded(lambda: _deep(value, Run(variables, services, None)))


def _deep(value: Any, run: Run) -> Any:
    if isinstance(value, str):
        return _alone(value, run) if is_template(value) else value
    if isinstance(value, dict):
        return {_deep(key, run): _deep(item, run) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(item, run) for item in value]
    return value


def _alone(text: str, run: Run) -> str:
    # what one text sets, the next one does not see; the budget and what was fetched are shared
    return run.inner(compile_template(text))


def evaluate(expression_template: str, variables: Mapping[str, Any], services: Services | None = None) -> Any:
    """Give the value itself of a text that is exactly one `{{ … }}`; the rendered text of any other."""
    return compile_template(expression_template).evaluate(variables, services)
