"""What a database is made of, in a form that two of them can be compared by."""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

Catalog: TypeAlias = dict[str, list[Any]]

POSTGRES = {
    "columns": """
        select table_name, ordinal_position, column_name, data_type, is_nullable, column_default, is_identity,
               identity_generation
        from information_schema.columns where table_schema = 'tiercel' order by 1, 2
    """,
    "constraints": """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
        where connamespace = 'tiercel'::regnamespace order by 1, 2
    """,
    "indexes": "select indexname, indexdef from pg_indexes where schemaname = 'tiercel' order by 1",
    "functions": """
        select proname, pg_get_functiondef(oid), proacl::text from pg_proc
        where pronamespace = 'tiercel'::regnamespace order by 1, 2
    """,
    "triggers": """
        select tgrelid::regclass::text, pg_get_triggerdef(oid) from pg_trigger
        where not tgisinternal and tgrelid in (
            select oid from pg_class where relnamespace = 'tiercel'::regnamespace
        ) order by 1, 2
    """,
    "relations": """
        select relname, relkind, relrowsecurity, relacl::text from pg_class
        where relnamespace = 'tiercel'::regnamespace order by 1
    """,
    "published": "select * from pg_publication_tables where schemaname = 'tiercel' order by 1, 3",
}


def postgres_catalog(fetch: Callable[[str], Sequence[Any]]) -> Catalog:
    """Read the catalog of the schema tiercel."""
    return {kind: [tuple(row) for row in fetch(query)] for kind, query in POSTGRES.items()}


def sqlite_catalog(connection: sqlite3.Connection) -> Catalog:
    """Read the catalog of a file: columns in their order, all else of a table in any, and the indexes."""
    rows = connection.execute("select type, name, tbl_name, sql from sqlite_schema").fetchall()
    catalog: Catalog = {kind: sorted(name for one, name, _, _ in rows if one == kind) for kind, *_ in rows}
    for kind, name, _, sql in rows:
        if kind == "table" and not name.startswith("sqlite_"):
            catalog[f"columns of {name}"] = connection.execute(f"pragma table_xinfo({name})").fetchall()
            catalog[f"parts of {name}"] = sorted(_parts(_plain(sql)))
        elif sql:
            catalog[f"{kind} {name}"] = [_plain(sql)]
    return catalog


def _plain(sql: str) -> str:
    """Leave out comments and white space, which mean nothing."""
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", sql)).replace("( ", "(").replace(" )", ")").strip()


def _parts(table: str) -> Iterator[str]:
    """Give the columns and constraints of a table, and what stands behind them."""
    depth, part = 0, ""
    for character in table.partition("(")[2]:
        depth += (character == "(") - (character == ")")
        if depth < 0 or (depth == 0 and character == ","):
            yield part.strip()
            part = ""
            depth = max(depth, 0)
        else:
            part += character
    yield part.strip()
