"""Named SQL from package data: `-- name: …` begins a query, comments below it say what it is for."""

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def read_text(dialect: str, file: str) -> str:
    """Give one SQL file of a dialect."""
    return resources.files(__package__).joinpath("sql", dialect, file).read_text(encoding="utf-8")


def named_queries(dialect: str) -> dict[str, str]:
    """Read a dialect's queries by name."""
    parts = _NAME.split(read_text(dialect, "queries.sql"))
    return {name: text.strip().rstrip(";") for name, text in zip(parts[1::2], parts[2::2], strict=True)}
