"""Tasks of `io.kestra.plugin.jdbc.duckdb`: SQL over files, locked into the task's directory."""

import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
from pydantic import Field

from tiercel import task_files
from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, Retriable, TaskFailed
from tiercel.plugin import JsonObject, PluginOutput
from tiercel_sql.connections import Connection, database_path
from tiercel_sql.queries import BaseSqlPlugin, ManyOutput, RowsOutput, SqlParams
from tiercel_sql.rows import Rows, as_sentence
from tiercel_sql.statements import in_directory, with_dollars

DATABASE_FILE = "database.duckdb"
DIFFERENCES = {
    "inputFiles": "rendered: Kestra renders it in its code, though the property is not marked",
    "outputFiles": "the files that `outputFiles` names; the catalog's output class leaves them out",
    "databaseUri": "the file that `outputDbFile` asks for; the catalog's output class leaves it out",
}

IN_USE: defaultdict[Path | None, threading.Lock] = defaultdict(threading.Lock)
"""One task at a time per database file: DuckDB shares one instance per file, and the lock-down is its."""


class DuckDbConnection:
    """One DuckDB database that reaches no file outside `directory`, no network and no extension."""

    def __init__(self, path: Path | None, params: "DuckDbParams", directory: Path) -> None:
        self.parameters = params.parameters or {}
        self.directory = directory.resolve()
        self.lock = IN_USE[path] if path else threading.Lock()
        self.lock.acquire()
        try:
            self.raw = duckdb.connect(
                str(path or ":memory:"), config={"autoinstall_known_extensions": "false"}
            )
            self.lock_down(params.time_zone_id)
        except duckdb.Error as error:
            self.lock.release()
            raise explained(error) from error
        except InvalidParameters:
            self.lock.release()
            raise

    def lock_down(self, time_zone: str | None) -> None:
        """Set what the statements may not change any more."""
        if time_zone:
            self.set_time_zone(time_zone)
        allowed = f"{self.directory}/".replace("'", "''")
        self.raw.execute(f"set allowed_directories = ['{allowed}']")
        self.raw.execute(f"set temp_directory = '{allowed}.duckdb'")
        self.raw.execute("set autoload_known_extensions = false")
        self.raw.execute("set enable_external_access = false")
        self.raw.execute("set lock_configuration = true")

    def set_time_zone(self, time_zone: str) -> None:
        """Set the time zone of the session."""
        try:
            self.raw.execute("set timezone = $zone", {"zone": time_zone})
        except duckdb.Error as error:
            raise InvalidParameters(
                f"DuckDB knows no time zone '{time_zone}': write `timeZoneId` as Europe/Paris or UTC."
            ) from error

    def statements(self, sql: str) -> list[str]:
        try:
            text = with_dollars(sql, self.parameters)
            return [statement.query for statement in duckdb.extract_statements(text)]
        except duckdb.Error as error:
            raise explained(error) from error

    def execute(self, statement: str) -> Rows | None:
        try:
            (prepared,) = duckdb.extract_statements(in_directory(statement, self.directory))
            names = prepared.named_parameters & self.parameters.keys()
            self.raw.execute(prepared, {name: self.parameters[name] for name in names} or None)
        except duckdb.Error as error:
            raise explained(error) from error
        if prepared.expected_result_type != [duckdb.ExpectedResultType.QUERY_RESULT]:
            return None
        return Rows(tuple(column[0] for column in self.raw.description or ()), self.fetch)

    def fetch(self, size: int) -> list[Any]:
        try:
            return self.raw.fetchmany(size)
        except duckdb.Error as error:
            raise explained(error) from error

    def interrupt(self) -> None:
        self.raw.interrupt()

    def close(self) -> None:
        self.raw.close()
        self.lock.release()


def explained(error: duckdb.Error) -> TaskFailed:
    """Say what DuckDB said, and what to do."""
    message = as_sentence(str(error).partition("\n\nLINE")[0])
    if isinstance(error, duckdb.InterruptException):
        return TaskFailed("DuckDB stopped the query: the task was past its deadline, or somebody killed it.")
    if isinstance(error, duckdb.IOException) and "lock" in message.lower():
        return Retriable(f"DuckDB did not get hold of the database: {message}")
    if isinstance(error, duckdb.PermissionException):
        return TaskFailed(
            f"DuckDB may read and write only in the task's directory. {message} "
            "Name the file in `inputFiles`, or write below `{{ workingDir }}`."
        )
    if isinstance(error, duckdb.IOException) and "database file" in message:
        return TaskFailed(f"DuckDB cannot open the database: {message} Correct `url`.")
    return TaskFailed(f"DuckDB refused the statement: {message} Correct `sql` or `parameters`.")


class DuckDbParams(SqlParams):
    url: str = Field(
        "jdbc:duckdb:", description="`jdbc:duckdb:` for a database in memory, or with a path behind it."
    )
    input_files: JsonObject | str | None = Field(
        None, description="Files to lay out first: path to content or to the URI of a stored file."
    )
    database_uri: str | None = Field(None, description="URI of a stored database file to work on a copy of.")
    output_db_file: bool = Field(False, description="Whether to store the database file at the end.")
    community_extensions: list[str] = Field(
        ["ion"], description="Extensions to load; refused here, except for the default, which has no effect."
    )


class DuckDbQueriesParams(DuckDbParams):
    transaction: bool = Field(True, description="Whether the statements are kept as a whole or not at all.")


class DuckDbOutput(RowsOutput):
    output_files: dict[str, str] | None = Field(None, description="URIs of the stored files, by path.")
    database_uri: str | None = Field(None, description="URI of the stored database file.")


class DuckDbManyOutput(ManyOutput):
    output_files: dict[str, str] | None = Field(None, description="URIs of the stored files, by path.")
    database_uri: str | None = Field(None, description="URI of the stored database file.")


def database_file(params: DuckDbParams, context: ExecutionContext) -> Path | None:
    """Name the file of the database; None in memory."""
    wanted = params.database_uri or params.output_db_file
    path = database_path(params.url, "duckdb", context.directory)
    return path or (context.directory / DATABASE_FILE if wanted else None)


def connect(params: DuckDbParams, context: ExecutionContext) -> Connection:
    """Open the database: in memory, on disk, or a copy of a stored file; lay out the input files."""
    if set(params.community_extensions) - {"ion"}:
        raise InvalidParameters(
            f"DuckDB is locked down here and loads none of {', '.join(params.community_extensions)}. "
            "Remove `communityExtensions`; CSV, JSON and Parquet are built in."
        )
    task_files.lay_out(params.input_files, context)
    path = database_file(params, context)
    if params.database_uri and path:
        context.download(params.database_uri).replace(path)
    return DuckDbConnection(path, params, context.directory)


def leave_behind(params: DuckDbParams, context: ExecutionContext) -> JsonObject:
    """Store the database file if the task asks for it."""
    path = database_file(params, context) if params.output_db_file else None
    return {"databaseUri": context.upload(path, path.name)} if path else {}


class Query(BaseSqlPlugin[DuckDbParams, DuckDbOutput]):
    """Run one statement on a DuckDB database, or over files without one."""

    task_types = ("io.kestra.plugin.jdbc.duckdb.Query",)
    catalog_differences = DIFFERENCES
    connect = staticmethod(connect)
    leave_behind = staticmethod(leave_behind)

    def run(self, params: DuckDbParams, context: ExecutionContext) -> PluginOutput:
        return self.run_one(params, context)


class Queries(BaseSqlPlugin[DuckDbQueriesParams, DuckDbManyOutput]):
    """Run several statements on a DuckDB database, or over files without one."""

    task_types = ("io.kestra.plugin.jdbc.duckdb.Queries",)
    catalog_differences = DIFFERENCES
    connect = staticmethod(connect)
    leave_behind = staticmethod(leave_behind)

    def run(self, params: DuckDbQueriesParams, context: ExecutionContext) -> PluginOutput:
        return self.run_several(params, params.transaction, context)
