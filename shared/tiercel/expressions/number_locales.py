"""Numbers in other languages, by Babel; imported on first use."""

from tiercel.errors import ExpressionError

try:
    from babel import Locale, UnknownLocaleError
    from babel.numbers import get_decimal_symbol, get_group_symbol
except ImportError:
    raise ExpressionError(
        "Numbers in this locale need the Python package Babel: install tiercel-runtime[expressions]"
    ) from None


def separators(locale: str) -> tuple[str, str]:
    """Give the decimal point and the separator of thousands."""
    try:
        found = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError) as error:
        raise ExpressionError(f"Unknown locale `{locale[:40]}`: use one like fr or fr_FR") from error
    return get_decimal_symbol(found), get_group_symbol(found)
