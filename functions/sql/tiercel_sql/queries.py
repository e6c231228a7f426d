"""What the tasks of all databases share: Query, one statement, and Queries, several."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Generic, Literal

from pydantic import Field, SecretStr
from typing_extensions import TypeVar

from tiercel import task_files
from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.plugin import (
    BaseOutput,
    BaseParams,
    BasePlugin,
    JsonObject,
    O,
    PluginOutput,
    Static,
    as_data,
    success,
)
from tiercel_sql.connections import Connection, transaction
from tiercel_sql.rows import Rows, write_rows

DEPRECATED = {"deprecated": True}
"""In the schema only: pydantic's own mark warns the plugin that reads the value, and nobody else."""


class SqlParams(BaseParams):
    """What a task on any database takes."""

    username: str | None = Field(None, description="User to log in as.")
    password: SecretStr | None = Field(None, description="The user's password.")
    time_zone_id: str | None = Field(None, description="Time zone of the session, such as Europe/Paris.")
    connection_pooling: bool = Field(
        True, description="Without meaning here: each task opens its own connection."
    )
    connection_pool_size: int = Field(
        10, description="Without meaning here: each task opens its own connection."
    )
    sql: str = Field(description="What to run. Values belong into `parameters`, not into the text.")
    after_sql: str | None = Field(
        None, alias="afterSQL", description="A statement to run afterwards, in the same transaction."
    )
    store: Static[bool] = Field(
        False, description="Deprecated: use `fetchType: STORE`.", json_schema_extra={**DEPRECATED}
    )
    fetch_one: Static[bool] = Field(
        False, description="Deprecated: use `fetchType: FETCH_ONE`.", json_schema_extra={**DEPRECATED}
    )
    fetch: Static[bool] = Field(
        False, description="Deprecated: use `fetchType: FETCH`.", json_schema_extra={**DEPRECATED}
    )
    fetch_type: Literal["STORE", "FETCH", "FETCH_ONE", "NONE"] = Field(
        "NONE", description="What becomes of the rows: a stored file, all rows, the first row, or nothing."
    )
    fetch_size: int = Field(10000, gt=0, description="How many rows are read at a time into a stored file.")
    parameters: dict[str, Any] | None = Field(None, description="Values for `:name` in the text, by name.")
    output_files: list[str] | None = Field(
        None, description="Globs of files of the task's directory to store."
    )

    def what_to_fetch(self) -> str:
        """Say what becomes of the rows; the old properties win, as in Kestra."""
        if self.fetch:
            return "FETCH"
        if self.fetch_one:
            return "FETCH_ONE"
        return "STORE" if self.store else self.fetch_type


class RowsOutput(BaseOutput):
    row: JsonObject | None = Field(None, description="The first row (FETCH_ONE).")
    rows: list[JsonObject] | None = Field(None, description="All rows (FETCH), keys in column order.")
    uri: str | None = Field(None, description="File with the rows, one Ion struct per line (STORE).")
    size: int | None = Field(None, description="How many rows were fetched.")


class ManyOutput(BaseOutput):
    outputs: list[RowsOutput] = Field(description="An entry for each statement that answers rows.")


S = TypeVar("S", bound=SqlParams, default=SqlParams)


class BaseSqlPlugin(BasePlugin[S, O], Generic[S, O]):
    """Hold the connection of one run, so that it can be interrupted; each database says how to `connect`."""

    connection: Connection | None = None
    cancelled = False

    @staticmethod
    def connect(params: Any, context: ExecutionContext) -> Connection:
        """Open the database."""
        raise NotImplementedError("a task on a database declares how to connect")

    @staticmethod
    def leave_behind(params: Any, context: ExecutionContext) -> JsonObject:
        """Store what the database itself leaves behind once it is closed, and give it as outputs."""
        return {}

    def cancel(self) -> None:
        self.cancelled = True
        if self.connection:
            self.connection.interrupt()

    @contextmanager
    def session(self, params: S, context: ExecutionContext) -> Iterator[Connection]:
        """Open the database, and close it at the end."""
        self.connection = self.connect(params, context)
        try:
            if self.cancelled:
                raise TaskFailed("The query was not started: the task had been stopped while it waited.")
            yield self.connection
        finally:
            self.connection.close()

    def fetch(self, rows: Rows | None, params: S, context: ExecutionContext, name: str) -> RowsOutput:
        """Do with the rows of one statement what the task asks for."""
        kind = params.what_to_fetch()
        if rows is None or kind == "NONE":
            return RowsOutput()
        if kind == "STORE":
            output = store(rows, params.fetch_size, context, name)
        elif kind == "FETCH_ONE":
            first = next(rows.batches(1), [])
            output = RowsOutput(row=first[0] if first else None, size=len(first))
        else:
            fetched = [row for batch in rows.batches(params.fetch_size) for row in batch]
            output = RowsOutput(rows=fetched, size=len(fetched))
        tags = {"fetch": str(kind != "STORE").lower(), "store": str(kind == "STORE").lower()}
        context.metric("fetch.size", output.size or 0, **tags)
        return output

    def run_one(self, params: S, context: ExecutionContext) -> PluginOutput:
        """Run the one statement that there has to be."""
        with self.session(params, context) as connection:
            statements = connection.statements(params.sql)
            if len(statements) != 1:
                raise InvalidParameters(
                    f"`sql` holds {len(statements)} statements, and Query runs exactly one: "
                    "split them over several tasks, or use the type Queries."
                )
            with transaction(connection) if params.after_sql else nullcontext():
                rows = connection.execute(statements[0])
                output = self.fetch(rows, params, context, "rows.ion")
                run_all(connection, params.after_sql or "")
        return self.answer(output, params, context)

    def run_several(self, params: S, whole: bool, context: ExecutionContext) -> PluginOutput:
        """Run all statements, in one transaction if they are to be kept as a whole or not at all."""
        outputs: list[RowsOutput] = []
        with self.session(params, context) as connection, transaction(connection) if whole else nullcontext():
            for place, statement in enumerate(connection.statements(params.sql), start=1):
                rows = connection.execute(statement)
                if rows is not None:
                    outputs.append(self.fetch(rows, params, context, f"rows-{place}.ion"))
            run_all(connection, params.after_sql or "")
        return self.answer(ManyOutput(outputs=outputs), params, context)

    def answer(self, output: BaseOutput, params: S, context: ExecutionContext) -> PluginOutput:
        """Give the rows, and the files that were left behind."""
        files = task_files.collect(params.output_files, context)
        kept = {"outputFiles": files} if params.output_files else {}
        return success({**as_data(output), **kept, **self.leave_behind(params, context)})


def run_all(connection: Connection, sql: str) -> None:
    """Run statements whose answers nobody asked for."""
    for statement in connection.statements(sql):
        connection.execute(statement)


def store(rows: Rows, batch_size: int, context: ExecutionContext, name: str) -> RowsOutput:
    """Write rows to a file in internal storage."""
    path = Path(context.directory, name)
    size = write_rows(rows, path, batch_size)
    uri = context.upload(path, name)
    path.unlink()
    return RowsOutput(uri=uri, size=size)
