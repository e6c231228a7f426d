"""Named SQL from package data: `-- name: …` begins a query, comments below it say what it is for."""

import re
from importlib import resources

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def read_texts(dialect: str, folder: str) -> dict[str, str]:
    """Give a dialect's SQL files of a folder by name, in their order."""
    found = resources.files(__package__).joinpath("sql", dialect, folder)
    files = sorted(found.iterdir(), key=lambda file: file.name)
    return {file.name: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql")}


def named_queries(dialect: str) -> dict[str, str]:
    """Read a dialect's queries by name."""
    queries: dict[str, str] = {}
    for text in read_texts(dialect, "queries").values():
        parts = _NAME.split(text)
        for name, query in zip(parts[1::2], parts[2::2], strict=True):
            assert name not in queries, f"two queries are named {name}"
            queries[name] = query.strip().rstrip(";")
    return queries
