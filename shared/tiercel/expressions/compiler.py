"""The tree to closures: statements write to a list of texts; expressions stand in `evaluation`."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions import nodes
from tiercel.expressions.evaluation import Evaluation
from tiercel.expressions.operators import boolean
from tiercel.expressions.problems import located, too_deep
from tiercel.expressions.values import text_of
from tiercel.expressions.walking import bodies, macro_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiercel.expressions.runtime import Evaluate, Renderer, Run


class Compiler:
    """Turn the tree of one template into a renderer."""

    def __init__(self, source: str, body: nodes.Body) -> None:
        self.source = source
        self._macros = macro_names(body)
        self._evaluation = Evaluation(source, self._macros)

    def declares(self, name: str) -> bool:
        """Say whether the template has a macro of this name."""
        return name in self._macros

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
        try:
            return self._evaluation.compiled(node)
        except RecursionError:
            raise located(too_deep(), self.source, node.position) from None

    def _statement(self, node: nodes.Statement) -> Renderer:
        match node:
            case nodes.Text(text):
                return lambda run, out: out.append(text)
            case nodes.Raw(text):
                return lambda run, out: out.append(run.keep(text))
            case nodes.Output():
                return self._output(node)
            case nodes.If():
                return self._if(node)
            case nodes.For():
                from tiercel.expressions.loops import Loop

                return Loop(self, node).render
            case nodes.Set():
                return self._set(node)
            case nodes.Macro():
                # the macros of a template are known before it begins: `declare` put this one in place
                return _nothing
            case nodes.FilterBlock():
                return self._filter(node)
            case nodes.Block():
                return self.body(node.body)

    def _output(self, node: nodes.Output) -> Renderer:
        evaluate, source, position = self.expression(node.expression), self.source, node.position

        def output(run: Run, out: list[str]) -> None:
            try:
                value = evaluate(run)
            except RecursionError:
                raise located(too_deep(), source, position) from None
            # most values are texts or whole numbers: this is the busiest place of all
            sort = type(value)
            if sort is str:
                out.append(value)
            elif sort is int:
                out.append(str(value))
            else:
                try:
                    out.append(text_of(value, run))
                except ExpressionError as error:
                    raise located(error, source, position) from error

        return output

    def _if(self, node: nodes.If) -> Renderer:
        branches = tuple((self.condition(test), self.body(body)) for test, body in node.branches)
        otherwise = self.body(node.otherwise)

        def choose(run: Run, out: list[str]) -> None:
            for condition, body in branches:
                if condition(run):
                    body(run, out)
                    return
            otherwise(run, out)

        return choose

    def condition(self, node: nodes.Expression) -> Evaluate:
        """Give what evaluates an expression to true or false."""
        evaluate, source, position = self.expression(node), self.source, node.position

        def condition(run: Run) -> Any:
            value = evaluate(run)
            if value is True or value is False:
                return value
            try:
                return boolean(value)
            except ExpressionError as error:
                raise located(error, source, position) from error

        return condition

    def _set(self, node: nodes.Set) -> Renderer:
        evaluate, name = self.expression(node.expression), node.name
        return lambda run, out: run.assign(name, evaluate(run))

    def declare(self, body: nodes.Body, macros: dict[str, Any], blocks: dict[str, Renderer]) -> None:
        """Compile the macros and blocks of a body, however deep they stand."""
        for node in body:
            match node:
                case nodes.Macro():
                    from tiercel.expressions.macros import Macro

                    macros[node.name] = Macro(self, node).call
                case nodes.Block():
                    blocks[node.name] = self.body(node.body)
            for inner in bodies(node):
                self.declare(inner, macros, blocks)

    def _filter(self, node: nodes.FilterBlock) -> Renderer:
        body, source, position = self.body(node.body), self.source, node.position
        chain: nodes.Expression = nodes.Name(_FILTERED, position)
        for name, arguments, place in node.filters:
            chain = nodes.Filter(chain, name, arguments, place)
        apply = self.expression(chain)

        def filtered(run: Run, out: list[str]) -> None:
            inner: list[str] = []
            body(run, inner)
            try:
                run.names[_FILTERED] = run.joined(inner)
                out.append(text_of(apply(run), run))
            except ExpressionError as error:
                raise located(error, source, position) from error
            finally:
                run.names.pop(_FILTERED, None)

        return filtered


_FILTERED = "the body of a filter"  # no name of a template can be this


def _nothing(run: Run, out: list[str]) -> None:
    """Write nothing."""
