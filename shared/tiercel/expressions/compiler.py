"""The tree to closures: statements write to a list of texts; expressions stand in `expressions`."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from tiercel.errors import ExpressionError
from tiercel.expressions import nodes
from tiercel.expressions.evaluation import Evaluate, Evaluation
from tiercel.expressions.operators import boolean
from tiercel.expressions.problems import located
from tiercel.expressions.runtime import NOTHING, Renderer, Run
from tiercel.expressions.values import is_list, kind, text_of


class Compiler:
    """Turn the tree of one template into a renderer."""

    def __init__(self, source: str, body: nodes.Body) -> None:
        self._source = source
        self._evaluation = Evaluation(source, _macro_names(body))

    def body(self, body: nodes.Body) -> Renderer:
        """Give what renders a body."""
        statements = tuple(self._statement(statement) for statement in body)
        if len(statements) == 1:
            return statements[0]

        def run_all(run: Run, out: list[str]) -> None:
            for statement in statements:
                statement(run, out)

        return run_all

    def expression(self, node: nodes.Expression) -> Evaluate:
        """Give what evaluates an expression."""
        return self._evaluation.compiled(node)

    def _statement(self, node: nodes.Statement) -> Renderer:
        match node:
            case nodes.Text(text):
                return _text(text)
            case nodes.Raw(text):
                return lambda run, out: out.append(run.keep(text))
            case nodes.Output():
                return self._output(node)
            case nodes.If():
                return self._if(node)
            case nodes.For():
                return self._for(node)
            case nodes.Set():
                return self._set(node)
            case nodes.Macro():
                return self._macro(node)
            case nodes.FilterBlock():
                return self._filter(node)
            case nodes.Block():
                return self._block(node)

    def _output(self, node: nodes.Output) -> Renderer:
        evaluate, source, position = self.expression(node.expression), self._source, node.position

        def output(run: Run, out: list[str]) -> None:
            value = evaluate(run)
            try:
                # most values are texts or whole numbers: this is the busiest place of all
                sort = type(value)
                text = value if sort is str else str(value) if sort is int else text_of(value, run)
                budget = run.budget
                budget.characters -= len(text)
                if budget.characters < 0:
                    budget.write(0)
            except ExpressionError as error:
                raise located(error, source, position) from error
            out.append(text)

        return output

    def _if(self, node: nodes.If) -> Renderer:
        branches = tuple((self._condition(test), self.body(body)) for test, body in node.branches)
        otherwise = self.body(node.otherwise)

        def choose(run: Run, out: list[str]) -> None:
            for condition, body in branches:
                if condition(run):
                    body(run, out)
                    return
            otherwise(run, out)

        return choose

    def _condition(self, node: nodes.Expression) -> Evaluate:
        evaluate, source, position = self.expression(node), self._source, node.position

        def condition(run: Run) -> Any:
            value = evaluate(run)
            if value is True or value is False:
                return value
            try:
                return boolean(value)
            except ExpressionError as error:
                raise located(error, source, position) from error

        return condition

    def _for(self, node: nodes.For) -> Renderer:
        iterable, name = self.expression(node.iterable), node.name
        body, otherwise = self.body(node.body), self.body(node.otherwise)
        source, position, following = self._source, node.iterable.position, _may_see_loop(node.body)

        def loop(run: Run, out: list[str]) -> None:
            try:
                items = _items(iterable(run))
            except ExpressionError as error:
                raise located(error, source, position) from error
            if not items:
                otherwise(run, out)
                return
            names, budget, length = run.names, run.budget, len(items)
            before = _entered(run, (name, "loop"))
            try:
                for index, item in enumerate(items):
                    budget.steps -= 1
                    if budget.steps < budget.next_look:
                        budget.look()
                    names[name] = run.follow(item) if type(item) is dict else item
                    if following:
                        names["loop"] = _loop(index, length)
                    body(run, out)
            except ExpressionError as error:
                raise located(error, source, position) from error
            finally:
                _left(run, before)

        return loop

    def _set(self, node: nodes.Set) -> Renderer:
        evaluate, name = self.expression(node.expression), node.name
        return lambda run, out: run.assign(name, evaluate(run))

    def _macro(self, node: nodes.Macro) -> Renderer:
        # the macros of a template are known before it begins: `declare` put this one in place
        return _nothing

    def declare(self, body: nodes.Body, run_macros: dict[str, Any], blocks: dict[str, Renderer]) -> None:
        """Compile the macros and blocks of a body, however deep they stand."""
        for node in body:
            match node:
                case nodes.Macro():
                    run_macros[node.name] = self._macro_call(node)
                case nodes.Block():
                    blocks[node.name] = self.body(node.body)
            for inner in _bodies(node):
                self.declare(inner, run_macros, blocks)

    def _macro_call(self, node: nodes.Macro) -> Any:
        name, names = node.name, tuple(parameter for parameter, _ in node.parameters)
        defaults = tuple(
            (parameter, None if default is None else self.expression(default))
            for parameter, default in node.parameters
        )
        body = self.body(node.body)

        def macro(run: Run, positional: tuple[Any, ...], named: dict[str, Any]) -> str:
            given = _given(name, names, positional, named)
            scope = {
                key: given[key] if key in given else default and default(run) for key, default in defaults
            }
            outside, out = (run.names, run.introduced), list[str]()
            run.budget.spend()
            run.budget.enter()
            run.names, run.introduced = scope, []
            try:
                body(run, out)
            finally:
                run.names, run.introduced = outside
                run.budget.leave()
            return "".join(out)

        return macro

    def _filter(self, node: nodes.FilterBlock) -> Renderer:
        body, source, position = self.body(node.body), self._source, node.position
        chain: nodes.Expression = nodes.Name(_FILTERED, position)
        for name, arguments, place in node.filters:
            chain = nodes.Filter(chain, name, arguments, place)
        apply = self.expression(chain)

        def filtered(run: Run, out: list[str]) -> None:
            inner: list[str] = []
            body(run, inner)
            run.names[_FILTERED] = "".join(inner)
            try:
                text = text_of(apply(run), run)
                run.budget.write(len(text))
            except ExpressionError as error:
                raise located(error, source, position) from error
            finally:
                run.names.pop(_FILTERED, None)
            out.append(text)

        return filtered

    def _block(self, node: nodes.Block) -> Renderer:
        return self.body(node.body)


_FILTERED = "the body of a filter"  # no name of a template can be this


_Before: TypeAlias = tuple[list[str], tuple[tuple[str, Any], ...]]


def _entered(run: Run, names: tuple[str, ...]) -> _Before:
    """Begin a scope in which these names may hide others, and remember what to put back."""
    before = run.introduced, tuple((name, run.names.get(name, NOTHING)) for name in names)
    run.introduced = []
    return before


def _left(run: Run, before: _Before) -> None:
    """End a scope: what was set in it goes, what it hid comes back."""
    for name in run.introduced:
        run.names.pop(name, None)
    run.introduced, hidden = before
    for name, value in hidden:
        if value is NOTHING:
            run.names.pop(name, None)
        else:
            run.names[name] = value


def _nothing(run: Run, out: list[str]) -> None:
    """Write nothing."""


def _text(text: str) -> Renderer:
    size = len(text)

    def write(run: Run, out: list[str]) -> None:
        budget = run.budget
        budget.characters -= size
        if budget.characters < 0:
            budget.write(0)
        out.append(text)

    return write


def _items(value: Any) -> Any:
    if value is None:
        return ()
    if isinstance(value, Mapping):
        return [{"key": key, "value": item} for key, item in value.items()]
    if is_list(value):
        # a copy: the body may not change what is walked
        return list(value)
    raise ExpressionError(f"`for` walks a list or a map, not {kind(value)}")


def _loop(index: int, length: int) -> dict[str, Any]:
    return {
        "index": index,
        "length": length,
        "first": index == 0,
        "last": index == length - 1,
        "revindex": length - index - 1,
    }


def _given(
    name: str, names: tuple[str, ...], positional: tuple[Any, ...], named: dict[str, Any]
) -> dict[str, Any]:
    if len(positional) > len(names):
        raise ExpressionError(
            f"The macro `{name}` takes {len(names)} arguments, but {len(positional)} are given"
        )
    unknown = [key for key in named if key not in names]
    if unknown:
        raise ExpressionError(f"The macro `{name}` has no argument `{unknown[0]}`")
    return {**dict(zip(names, positional, strict=False)), **named}


def _bodies(node: nodes.Statement) -> tuple[nodes.Body, ...]:
    match node:
        case nodes.If():
            return (*(body for _, body in node.branches), node.otherwise)
        case nodes.For():
            return (node.body, node.otherwise)
        case nodes.Macro() | nodes.FilterBlock() | nodes.Block():
            return (node.body,)
    return ()


def _macro_names(body: nodes.Body) -> frozenset[str]:
    names: set[str] = set()
    for node in body:
        if isinstance(node, nodes.Macro):
            names.add(node.name)
        for inner in _bodies(node):
            names |= _macro_names(inner)
    return frozenset(names)


def _may_see_loop(tree: Any) -> bool:
    """Say whether `loop` can be reached: by its name, or by what shows or renders everything."""
    if isinstance(tree, nodes.Name):
        return tree.name in ("loop", "_context")
    if isinstance(tree, nodes.Call):
        return True
    parts = tree if isinstance(tree, tuple) else vars(tree).values() if isinstance(tree, nodes.Node) else ()
    return any(_may_see_loop(part) for part in parts)
