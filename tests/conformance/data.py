"""Data that an entry describes instead of holding it: `$file_lines`, `$file_content` and the like."""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tiercel import clock
from tiercel.flows.durations import parse_duration

KINDS = ("$file_lines", "$file_content", "$file_bytes", "$ion_items", "$repeat")
NUMBERS = re.compile(
    r"integer 0\.\.n-1(?: left-padded with (?P<with>spaces|zeros) to width (?P<width>\d+))?"
    r"(?:, one per line)?"
)
BASE64 = re.compile(r"base64(?: \((?P<how>[^)]*)\))? of (?P<what>.+)")
OBJECT = re.compile(r'a JSON object whose (?P<key>\w+) is "(?P<value>.*)"')
LINE = 64
FROM_NOW = re.compile(
    r"(?:now|in)?\W*(?:plus\s+)?(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d)\w*", re.IGNORECASE
)
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class NotUnderstood(Exception):
    """A description of data that this runner cannot follow."""


@dataclass(frozen=True)
class FileData:
    """A file to hand over."""

    name: str
    content: bytes

    def below(self, directory: Path) -> Path:
        """Write the file and give its path."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / self.name
        path.write_bytes(self.content)
        return path


def built(value: Any) -> Any:
    """Build all described data in a value; a described file becomes FileData."""
    if isinstance(value, list):
        return [built(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    unknown = [key for key in value if key.startswith("$") and key not in KINDS]
    if unknown:
        raise NotUnderstood(f"unknown data `{unknown[0]}`")
    kind = next((key for key in KINDS if key in value), None)
    return {key: built(item) for key, item in value.items()} if kind is None else made(kind, value)


def made(kind: str, value: Mapping[str, Any]) -> Any:
    """Build one piece of data."""
    what = value[kind]
    if kind == "$repeat":
        return repeated(what, value)
    options = {**value, **(what if isinstance(what, Mapping) else {})}
    if kind == "$file_lines":
        return FileData(options.get("name", "lines.txt"), lines(options).encode())
    if kind == "$ion_items":
        return FileData(
            options.get("name", "items.ion"), "".join(json.dumps(item) + "\n" for item in what).encode()
        )
    if kind == "$file_bytes":
        return FileData(options.get("name", "data.bin"), some_bytes(what))
    content = built(what)
    return FileData(options.get("name", "data.txt"), str(content).encode())


def lines(options: Mapping[str, Any]) -> str:
    """Write numbered lines as `format` says."""
    match = NUMBERS.fullmatch(str(options.get("format", "integer 0..n-1")))
    if not match or not isinstance(options.get("count"), int):
        raise NotUnderstood(
            f"$file_lines of format {options.get('format')!r} and count {options.get('count')!r}"
        )
    fill, width = ("0" if match["with"] == "zeros" else " "), int(match["width"] or 0)
    return "".join(str(number).rjust(width, fill) + "\n" for number in range(options["count"]))


def some_bytes(what: Any) -> bytes:
    """Make bytes: so many of them, or those of a text in base64, or those of a list of numbers."""
    if isinstance(what, Mapping):
        what = next((what[key] for key in ("size", "count", "length") if key in what), None)
    if isinstance(what, int):
        return bytes(position % 256 for position in range(what))
    if isinstance(what, list):
        return bytes(what)
    if isinstance(what, str):
        return base64.b64decode(what, validate=True)
    raise NotUnderstood(f"$file_bytes of {what!r}")


def repeated(what: Any, value: Mapping[str, Any]) -> str:
    """Repeat a text, however text and count are arranged."""
    parts = [what, *(item for key, item in value.items() if key != "$repeat")]
    flat = [
        item for part in parts for item in (part.values() if isinstance(part, Mapping) else as_list(part))
    ]
    texts = [item for item in flat if isinstance(item, str)]
    counts = [item for item in flat if isinstance(item, int)]
    if len(texts) != 1 or len(counts) != 1:
        raise NotUnderstood(f"$repeat of {what!r}")
    return texts[0] * counts[0]


def as_list(value: Any) -> list[Any]:
    """Take one thing as a list of one."""
    return value if isinstance(value, list) else [value]


def environment(described: Mapping[str, str], asserted: str | None) -> dict[str, str]:
    """Build environment variables; `base64 of …` is followed, `the asserted …` is the value given."""
    return {name: variable(text, asserted) for name, text in described.items()}


def variable(text: str, asserted: str | None) -> str:
    """Build one environment variable."""
    match = BASE64.fullmatch(text)
    if not match:
        return text
    plain = match["what"]
    if found := OBJECT.fullmatch(plain):
        plain = json.dumps({found["key"]: found["value"]})
    elif plain.startswith("the asserted "):
        if asserted is None:
            raise NotUnderstood(f"environment variable {text!r}: no long value is asserted")
        plain = asserted
    encoded = base64.b64encode(plain.encode()).decode()
    if "wrapped" not in (match["how"] or ""):
        return encoded
    return "\n".join(encoded[start : start + LINE] for start in range(0, len(encoded), LINE))


def moment(text: str) -> str:
    """Give a moment in ISO 8601: one that is described from now on (`now + 1s`, `PT1S`), or as it is."""
    if found := FROM_NOW.fullmatch(text.strip()):
        seconds = float(found["number"]) * UNITS[found["unit"].lower()]
    elif text.startswith("P"):
        seconds = parse_duration(text).total_seconds()
    else:
        return text
    return clock.timestamp(clock.now() + timedelta(seconds=seconds))
