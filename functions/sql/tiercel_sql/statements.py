"""The text of statements: the places of parameters and of file names in it."""

import re
from collections.abc import Container
from pathlib import Path

TOKEN = re.compile(
    r"""(?P<skip>'(?:[^']|'')*' | "(?:[^"]|"")*" | --[^\n]* | /\*.*?\*/ | \$\$.*?\$\$ | ::)
      | :(?P<name>[A-Za-z_]\w*)""",
    re.VERBOSE | re.DOTALL,
)
FILE_FUNCTION = re.compile(
    r"\b(?:read_\w+|\w+_scan|sniff_csv|glob|parquet_\w+)\s*\(\s*\[?(?:\s*'[^']*'\s*,?)+", re.IGNORECASE
)
FILE_SOURCE = re.compile(r"(?<!distinct)\s\b(?:from|join)\s+'[^']*'", re.IGNORECASE)
COPY_TARGET = re.compile(r"^\s*copy\b.*\bto\s+'[^']*'", re.IGNORECASE | re.DOTALL)
LITERAL = re.compile(r"'([^']*)'")


def with_dollars(sql: str, names: Container[str]) -> str:
    """Write `:name` as `$name` where it names a parameter."""

    def written(token: re.Match[str]) -> str:
        name = token["name"]
        return f"${name}" if name is not None and name in names else token[0]

    return TOKEN.sub(written, sql)


def in_directory(statement: str, directory: Path) -> str:
    """Write the relative file names of a statement as absolute ones, as if the query ran in that directory.

    Names are what stands in a function that reads files, behind COPY … TO, and behind FROM or JOIN where the
    directory has such a file.
    """

    def absolute(literal: re.Match[str]) -> str:
        name = literal[1]
        if not name or name.startswith("/") or "://" in name:
            return literal[0]
        return f"'{directory / name}'"

    def existing(source: re.Match[str]) -> str:
        name = source[0].split("'")[1]
        relative = bool(name) and not name.startswith("/")
        found = relative and any(directory.glob(name))
        return LITERAL.sub(absolute, source[0]) if found else source[0]

    def last(target: re.Match[str]) -> str:
        head, _, name = target[0].removesuffix("'").rpartition("'")
        return head + LITERAL.sub(absolute, f"'{name}'")

    statement = FILE_FUNCTION.sub(lambda call: LITERAL.sub(absolute, call[0]), statement)
    return COPY_TARGET.sub(last, FILE_SOURCE.sub(existing, statement))
