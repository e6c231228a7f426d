"""Filters by regular expression."""

from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import whole
from tiercel.expressions.regexes import Regex, regex
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import kind, text_of


def _regex(run: Run, pattern: Any) -> Regex:
    return regex(run.text(pattern, "The regular expression"), run.budget)


def replace(run: Run, value: Any, replace_pairs: Any, regexp: Any = False) -> str | None:
    """Put texts in the place of others, given as a map; `regexp=true` makes patterns of its keys."""
    if value is None:
        return None
    if not isinstance(replace_pairs, dict):
        raise ExpressionError(f"`replace` takes a map of what to replace, not {kind(replace_pairs)}")
    text = text_of(value, run)
    for old, new in replace_pairs.items():
        old_text, new_text = text_of(old, run), text_of(new, run)
        if regexp is True:
            text = _regex(run, old_text).replaced(text, new_text)
        else:
            run.budget.build(len(text) + text.count(old_text) * max(0, len(new_text) - len(old_text)))
            text = text.replace(old_text, new_text)
    return text


def split(run: Run, value: Any, delimiter: Any, limit: Any = 0) -> list[str] | None:
    """Cut a text at a regular expression; a positive limit is the most parts, a negative keeps empty ends."""
    if value is None:
        return None
    text, most = text_of(value, run), whole(limit, "The limit of `split`")
    return _regex(run, delimiter).split(text, most)


def regex_match(run: Run, value: Any, regex: Any) -> bool:
    """Say whether a regular expression is found in a text."""
    return value is not None and _regex(run, regex).found(text_of(value, run))


def regex_replace(run: Run, value: Any, regex: Any, replacement: Any) -> str | None:
    """Replace every match; `$1` stands for a group."""
    if value is None:
        return None
    return _regex(run, regex).replaced(text_of(value, run), run.text(replacement, "The replacement"))


def regex_extract(run: Run, value: Any, regex: Any, group: Any = 0) -> str | None:
    """Give the first match, or one of its groups; null where there is none."""
    if value is None:
        return None
    wanted = group if isinstance(group, str) and not group.isdecimal() else whole(group, "The group")
    return _regex(run, regex).extracted(text_of(value, run), wanted)
