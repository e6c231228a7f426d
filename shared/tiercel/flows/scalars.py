"""What a YAML scalar means, as Jackson's YAML reader has it for Kestra."""

import re

BOOLEANS = {
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
OTHER_INTEGER = re.compile(r"([-+]?)(?:0b([01_]+)|0x([0-9a-fA-F_]+)|0([0-7_]+))")
FLOAT = re.compile(
    r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
)


def resolve(text: str, tag: str | None, *, bare: bool) -> str | int | float | bool | None:
    """Say what a scalar means. `bare`: neither quoted nor tagged.

    YAML 1.1 as SnakeYAML and Jackson have it: yes/no/on/off are booleans, 010 is octal, but 1:30 and dates
    stay text.
    """
    kind = (tag or "").removeprefix("tag:yaml.org,2002:")
    if not bare and kind not in ("int", "float", "bool", "null"):
        return text
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if text[0] not in "+-.0123456789" or len(text) > 4000:
        return None
    if DECIMAL.fullmatch(text):
        return int(text.replace("_", ""))
    if match := OTHER_INTEGER.fullmatch(text):
        sign, binary, hexadecimal, octal = match.groups()
        digits, base = (binary, 2) if binary else (hexadecimal, 16) if hexadecimal else (octal, 8)
        digits = digits.replace("_", "")
        return int(sign + digits, base) if digits else None
    if FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    return None
