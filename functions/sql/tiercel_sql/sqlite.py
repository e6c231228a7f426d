"""Tasks of `io.kestra.plugin.jdbc.sqlite`."""

import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import Retriable, TaskFailed
from tiercel.plugin import JsonObject, PluginOutput
from tiercel_sql.connections import Connection, database_path
from tiercel_sql.queries import BaseSqlPlugin, ManyOutput, RowsOutput, SqlParams
from tiercel_sql.rows import Rows, as_sentence

BUSY_SECONDS = 10.0
DATABASE_FILE = "database.sqlite"
DIFFERENCES = {
    "outputFiles": "the files that `outputFiles` names; the catalog's output class leaves them out",
    "databaseUri": "the file that `outputDbFile` asks for; the catalog's output class leaves it out",
}


class SqliteConnection:
    """One SQLite database; `:name` binds natively."""

    def __init__(self, path: Path | None, parameters: Mapping[str, Any]) -> None:
        self.parameters = dict(parameters)
        try:
            self.raw = sqlite3.connect(
                path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise TaskFailed(f"SQLite cannot open {path}: {error}; correct `url`.") from error
        # ATTACH would reach every file of the machine
        self.raw.set_authorizer(lambda action, *_: self.authorize(action))

    def authorize(self, action: int) -> int:
        return sqlite3.SQLITE_DENY if action == sqlite3.SQLITE_ATTACH else sqlite3.SQLITE_OK

    def statements(self, sql: str) -> list[str]:
        found, current = [], ""
        for part in sql.split(";"):
            current += part + ";"
            if sqlite3.complete_statement(current):
                found.append(current)
                current = ""
        return [one for one in (*found, current) if one.strip(" \t\r\n;")]

    def execute(self, statement: str) -> Rows | None:
        try:
            cursor = self.raw.execute(statement, self.parameters)
        except sqlite3.Error as error:
            raise explained(error) from error
        if cursor.description is None:
            return None
        columns = tuple(column[0] for column in cursor.description)
        return Rows(columns, lambda size: self.fetch(cursor, size))

    def fetch(self, cursor: sqlite3.Cursor, size: int) -> list[Any]:
        try:
            return cursor.fetchmany(size)
        except sqlite3.Error as error:
            raise explained(error) from error

    def interrupt(self) -> None:
        self.raw.interrupt()

    def close(self) -> None:
        self.raw.close()


def explained(error: sqlite3.Error) -> TaskFailed:
    """Say what SQLite said, and what to do."""
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return Retriable(f"SQLite did not get hold of the database: {error}; somebody else is writing to it.")
    if "not authorized" in str(error):
        return TaskFailed("SQLite may not ATTACH other files: work on one database per task, named by `url`.")
    return TaskFailed(
        f"SQLite refused the statement: {as_sentence(str(error))} Correct `sql` or `parameters`."
    )


class SqliteParams(SqlParams):
    url: str = Field(
        "jdbc:sqlite:", description="`jdbc:sqlite:` for a database in memory, or with a path behind it."
    )
    sqlite_file: str | None = Field(None, description="URI of a stored database file to work on a copy of.")
    output_db_file: bool = Field(False, description="Whether to store the database file at the end.")


class SqliteQueriesParams(SqliteParams):
    transaction: bool = Field(True, description="Whether the statements are kept as a whole or not at all.")


class SqliteOutput(RowsOutput):
    output_files: dict[str, str] | None = Field(None, description="URIs of the stored files, by path.")
    database_uri: str | None = Field(None, description="URI of the stored database file.")


class SqliteManyOutput(ManyOutput):
    output_files: dict[str, str] | None = Field(None, description="URIs of the stored files, by path.")
    database_uri: str | None = Field(None, description="URI of the stored database file.")


def database_file(params: SqliteParams, context: ExecutionContext) -> Path | None:
    """Name the file of the database; None in memory."""
    wanted = params.sqlite_file or params.output_db_file
    path = database_path(params.url, "sqlite", context.directory)
    return path or (context.directory / DATABASE_FILE if wanted else None)


def connect(params: SqliteParams, context: ExecutionContext) -> Connection:
    """Open the database: in memory, on disk, or a copy of a stored file."""
    path = database_file(params, context)
    if params.sqlite_file and path:
        context.download(params.sqlite_file).replace(path)
    return SqliteConnection(path, params.parameters or {})


def leave_behind(params: SqliteParams, context: ExecutionContext) -> JsonObject:
    """Store the database file if the task asks for it."""
    path = database_file(params, context) if params.output_db_file else None
    return {"databaseUri": context.upload(path, path.name)} if path else {}


class Query(BaseSqlPlugin[SqliteParams, SqliteOutput]):
    """Run one statement on a SQLite database."""

    task_types = ("io.kestra.plugin.jdbc.sqlite.Query",)
    catalog_differences = DIFFERENCES
    connect = staticmethod(connect)
    leave_behind = staticmethod(leave_behind)

    def run(self, params: SqliteParams, context: ExecutionContext) -> PluginOutput:
        return self.run_one(params, context)


class Queries(BaseSqlPlugin[SqliteQueriesParams, SqliteManyOutput]):
    """Run several statements on a SQLite database."""

    task_types = ("io.kestra.plugin.jdbc.sqlite.Queries",)
    catalog_differences = DIFFERENCES
    connect = staticmethod(connect)
    leave_behind = staticmethod(leave_behind)

    def run(self, params: SqliteQueriesParams, context: ExecutionContext) -> PluginOutput:
        return self.run_several(params, params.transaction, context)
