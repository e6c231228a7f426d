"""YAML by PyYAML, read safely and written in Jackson's form; imported on first use."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import yaml

from tiercel.errors import ExpressionError
from tiercel.expressions.moments import iso_text
from tiercel.expressions.numbers import is_number, number_text
from tiercel.expressions.values import DEEPEST, is_list, text_of

if TYPE_CHECKING:
    from tiercel.expressions.values import Reader

MOST_ALIASES = 1000
# what Jackson quotes wherever it stands, and the short words for true and false
_QUOTABLE = re.compile(r"[\[\]{},]|:[ \t]|[ \t]#|^[yYnN]\Z")


class _Reader(yaml.CSafeLoader):
    """YAML without timestamps: a date stays the text that was written, as with Jackson."""


_Reader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class _Writer(yaml.SafeDumper):
    """YAML in blocks, without anchors, with double quotes where quotes are needed."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write a value twice rather than refer to it."""
        return True


def _text(writer: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    if style is None and _needs_quotes(value):
        style = '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _needs_quotes(value: str) -> bool:
    resolver: Any = yaml.resolver.Resolver()
    plain = resolver.resolve(yaml.ScalarNode, value, (True, False)) == "tag:yaml.org,2002:str"
    return (
        value == ""
        or not plain
        or value != value.strip()
        or value[0] in "-?:,[]{}#&*!|>'\"%@`"
        or _QUOTABLE.search(value) is not None
    )


class _Number(str):
    """A number, already in Java's form."""


def _number(writer: yaml.SafeDumper, value: _Number) -> yaml.ScalarNode:
    tag = "int" if value.lstrip("-").isdigit() else "float"
    return writer.represent_scalar(f"tag:yaml.org,2002:{tag}", str(value))


class _Plain(str):
    """A date or duration, written without quotes."""


def _plain(writer: yaml.SafeDumper, value: _Plain) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:timestamp", str(value))


_Writer.add_representer(str, _text)
_Writer.add_representer(_Number, _number)
_Writer.add_representer(_Plain, _plain)


def read_yaml(text: str, run: Reader) -> Any:
    """Read one YAML document."""
    run.budget.spend(1 + (len(text) >> 4))
    if text.count("*") > MOST_ALIASES:
        raise ExpressionError("This YAML refers to itself too often")
    try:
        return yaml.load(text, Loader=_Reader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1} of the text" if mark else ""
        raise ExpressionError(
            f"This is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}{place}"
        ) from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ExpressionError("This YAML holds a value that cannot be read") from error


def write_yaml(value: Any, run: Reader) -> str:
    """Write a value as a YAML document in blocks."""
    plain = _prepared(value, run, DEEPEST // 4)
    text = yaml.dump(
        plain, Dumper=_Writer, default_flow_style=False, allow_unicode=True, sort_keys=False, width=1 << 30
    )
    return text.removesuffix("...\n")


def _prepared(value: Any, run: Reader, depth: int) -> Any:
    # PyYAML is slow: a node costs as much as a dozen steps elsewhere
    run.budget.spend(10)
    if depth < 0:
        raise ExpressionError("The value is nested too deeply for YAML")
    value = run.follow(value)
    if isinstance(value, dict):
        return {text_of(key, run): _prepared(item, run, depth - 1) for key, item in value.items()}
    if is_list(value):
        return [_prepared(item, run, depth - 1) for item in value]
    if is_number(value):
        return _Number(number_text(value))
    if isinstance(value, date | time | timedelta):
        return _Plain(iso_text(value))
    return value
