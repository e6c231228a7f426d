"""Java's regular expressions, for validators: Python's `re` where the two agree, the rest translated."""

import re

CLASSES = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Alnum": "a-zA-Z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Graph": "!-~",
    "Print": " -~",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "XDigit": "0-9a-fA-F",
    "Space": r"\s",
    "ASCII": r"\x00-\x7f",
    "L": r"^\W\d_",
    "IsAlphabetic": r"^\W\d_",
    "N": r"\d",
    "Nd": r"\d",
    "IsDigit": r"\d",
}
PROPERTY = re.compile(r"\\(?P<kind>[pP])(?:\{(?P<name>\w+)\}|(?P<letter>[A-Z]))")


def java_pattern(text: str) -> re.Pattern[str]:
    """Compile a Java pattern; ValueError says why it cannot be."""
    try:
        return re.compile(_translated(text))
    except (re.error, OverflowError, RecursionError) as error:
        place = (
            f" at character {error.pos + 1}" if isinstance(error, re.error) and error.pos is not None else ""
        )
        raise ValueError(
            f"not a regular expression, {error.msg if isinstance(error, re.error) else error}{place}"
        ) from error


def _translated(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        name = match["name"] or match["letter"]
        if name not in CLASSES:
            raise ValueError(
                f"the character class {match[0]} is not known here; write its characters out in brackets"
            )
        inside = text.count("[", 0, match.start()) > text.count("]", 0, match.start())
        members = CLASSES[name]
        if match["kind"] == "P":
            members = members[1:] if members.startswith("^") else f"^{members}"
        if not inside:
            return f"[{members}]"
        if members.startswith("^"):
            raise ValueError(
                f"the character class {match[0]} is not known inside brackets; use it outside of them"
            )
        return members

    return PROPERTY.sub(one, text).replace(r"\z", r"\Z").replace(r"\h", r"[ \t]")
