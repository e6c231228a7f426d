"""Filters of texts."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import whole
from tiercel.expressions.values import is_list, kind, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiercel.expressions.runtime import Run

JAVA_SPACE = "".join(map(chr, range(33)))
DEEPEST_INDENT = 10_000


def _text(run: Run, value: Any, title: str) -> str:
    if type(value) is str:
        return value
    if isinstance(value, dict) or is_list(value):
        raise ExpressionError(f"`{title}` works on a text, not on {kind(value)}")
    return text_of(value, run)


def abbreviate(run: Run, value: Any, length: Any) -> str | None:
    """Cut a text to a length, the three dots included."""
    if value is None:
        return None
    text, most = _text(run, value, "abbreviate"), whole(length, "The length of `abbreviate`")
    if most < 0:
        raise ExpressionError("The length of `abbreviate` cannot be negative")
    if len(text) <= most:
        return text
    return text[: most - 3] + "..." if most > 3 else text[:most]


def capitalize(run: Run, value: Any) -> str | None:
    """Put the first letter in upper case."""
    if value is None:
        return None
    text = _text(run, value, "capitalize")
    start = len(text) - len(text.lstrip())
    return text[:start] + text[start : start + 1].upper() + text[start + 1 :]


def title(run: Run, value: Any) -> str | None:
    """Put the first letter of every word in upper case."""
    if value is None:
        return None
    text = _text(run, value, "title")
    before = " " + text
    return "".join(letter.title() if before[place].isspace() else letter for place, letter in enumerate(text))


def lower(run: Run, value: Any) -> str | None:
    """Put a text in lower case."""
    return None if value is None else _text(run, value, "lower").lower()


def upper(run: Run, value: Any) -> str | None:
    """Put a text in upper case."""
    return None if value is None else _text(run, value, "upper").upper()


def trim(run: Run, value: Any) -> str | None:
    """Take the white space off both ends."""
    return None if value is None else _text(run, value, "trim").strip(JAVA_SPACE)


def nl2br(run: Run, value: Any) -> str | None:
    """Put `<br />` in the place of every line break."""
    if value is None:
        return None
    return _text(run, value, "nl2br").replace("\r\n", "\n").replace("\n", "<br />")


def starts_with(run: Run, whole_text: Any, value: Any) -> bool:
    """Say whether a text begins with another."""
    return whole_text is not None and _text(run, whole_text, "startsWith").startswith(
        run.text(value, "The prefix")
    )


def ends_with(run: Run, whole_text: Any, value: Any) -> bool:
    """Say whether a text ends with another."""
    return whole_text is not None and _text(run, whole_text, "endsWith").endswith(
        run.text(value, "The suffix")
    )


def _halves(run: Run, value: Any, separator: Any, last: bool) -> tuple[str, str, str]:
    text, mark = _text(run, value, "substring…"), run.text(separator, "The separator")
    if mark == "":
        raise ExpressionError("The separator cannot be empty")
    return text.rpartition(mark) if last else text.partition(mark)


def substring_before(run: Run, value: Any, separator: Any) -> str | None:
    """Give what stands before the first separator; the whole text where there is none."""
    return None if value is None else _halves(run, value, separator, False)[0]


def substring_before_last(run: Run, value: Any, separator: Any) -> str | None:
    """Give what stands before the last separator; the whole text where there is none."""
    if value is None:
        return None
    before, found, after = _halves(run, value, separator, True)
    return before if found else after


def substring_after(run: Run, value: Any, separator: Any) -> str | None:
    """Give what stands after the first separator; nothing where there is none."""
    return None if value is None else _halves(run, value, separator, False)[2]


def substring_after_last(run: Run, value: Any, separator: Any) -> str | None:
    """Give what stands after the last separator; nothing where there is none."""
    if value is None:
        return None
    _, found, after = _halves(run, value, separator, True)
    return after if found else ""


def slugify(run: Run, value: Any) -> str | None:
    """Make a text fit for an address: plain letters, digits and dashes."""
    if value is None:
        return None
    from unicodedata import normalize

    text = _text(run, value, "slugify")
    plain = normalize("NFD", text).encode("ascii", "ignore").decode()
    words = "".join(letter if letter.isalnum() else "-" for letter in plain)
    return "-".join(word for word in words.lower().split("-") if word)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"


def indent(run: Run, value: Any, amount: Any, prefix: Any = " ") -> str | None:
    """Put `amount` times the prefix after every line break."""
    if value is None:
        return None
    text, times = text_of(value, run), whole(amount, "The amount of `indent`")
    if not 0 <= times <= DEEPEST_INDENT:
        raise ExpressionError(f"The amount of `indent` must be between 0 and {DEEPEST_INDENT}")
    newline, padding = _newline(text), run.text(prefix, "The prefix") * times
    run.budget.build(len(text) + text.count(newline) * len(padding))
    return text.replace(newline, newline + padding)


def nindent(run: Run, value: Any, amount: Any, prefix: Any = " ") -> str | None:
    """Begin a new line, and indent it and those that follow."""
    if value is None:
        return None
    text = text_of(value, run)
    return indent(run, _newline(text) + text, amount, prefix)


def escape_char(run: Run, value: Any, type: Any) -> str | None:
    """Escape quotes for `single` or `double` quoted texts, or for the `shell`."""
    if value is None:
        return None
    escapes = {"single": ("'", "\\'"), "double": ('"', '\\"'), "shell": ("'", "'\\''")}
    if not isinstance(type, str) or type not in escapes:
        raise ExpressionError("The type of `escapeChar` is 'single', 'double' or 'shell'")
    return _text(run, value, "escapeChar").replace(*escapes[type])


def string(run: Run, value: Any) -> str | None:
    """Make a text of any value."""
    return None if value is None else text_of(value, run)


def condense(run: Run, value: Any) -> str | None:
    """Take the line breaks out of a text."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ExpressionError(f"condense can only be applied on strings, not on {kind(value)}")
    return value.replace("\r", "").replace("\n", "")


def format_(run: Run, value: Any, *arguments: Any) -> str | None:
    """Fill the %s, %d, %f … of a text."""
    from tiercel.expressions.formats import java_format

    return None if value is None else java_format(_text(run, value, "format"), arguments, run)
