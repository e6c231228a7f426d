"""Files of rows, put into another order or rid of doubles."""

import hashlib
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import ExpressionError, InvalidParameters, TaskFailed
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, Static, success
from tiercel_core.storage.files import UriOutput
from tiercel_core.storage.items import items_of, lines_of, variables_of
from tiercel_core.storage.splitting import CHUNK_BYTES, check_row


class ReverseParams(BaseParams):
    from_: str = Field(alias="from", description="URI of the file.")
    separator: str = Field("\n", min_length=1, description="What ends a row.")
    charset: str = Field("UTF-8", description="Charset of the file, in which the separator is looked for.")


class Reverse(BasePlugin[ReverseParams, UriOutput]):
    """Put the rows of a file in reverse order: the last one first."""

    task_types = ("io.kestra.plugin.core.storage.Reverse", "io.kestra.core.tasks.storages.Reverse")

    def run(self, params: ReverseParams, context: ExecutionContext) -> PluginOutput:
        try:
            separator = params.separator.encode(params.charset)
        except (LookupError, UnicodeEncodeError) as error:
            raise InvalidParameters(
                f"`charset` is '{params.charset}', which is unknown or has no such separator; write UTF-8."
            ) from error
        source, target = context.download(params.from_), context.directory / "reversed"
        with source.open("rb") as rows, target.open("wb") as sink:
            for row in rows_backwards(rows, separator):
                sink.write(row)
                sink.write(separator)
        source.unlink()
        return success(UriOutput(uri=context.upload(target, f"reversed{source.suffix}")))


def rows_backwards(source: BinaryIO, separator: bytes) -> Iterator[bytes]:
    """Give the rows of a file from its end, without their separators; one chunk is held at a time."""
    end = source.seek(0, SEEK_END)
    if not end:
        return
    if ends_with(source, separator, end):
        end -= len(separator)  # it ends the last row, and begins none
    rest = b""
    while end:
        start = max(0, end - CHUNK_BYTES)
        source.seek(start)
        # what was left of the chunk behind may begin in the middle of a separator
        rest, *rows = (source.read(end - start) + rest).split(separator)
        check_row(rest)
        yield from reversed(rows)
        end = start
    yield rest


def ends_with(source: BinaryIO, separator: bytes, size: int) -> bool:
    """Say whether a separator stands at the end of a file."""
    source.seek(max(0, size - len(separator)))
    return source.read() == separator


class DeduplicateItemsParams(BaseParams):
    from_: str = Field(alias="from", description="URI of the file with the items.")
    expr: Static[str] = Field(
        description="Gives the key of each item, whose fields it sees as variables; the last of a key stays."
    )


class DeduplicateItemsOutput(BaseOutput):
    uri: str = Field(description="URI of the file with the items that were kept.")
    num_keys: int = Field(description="How many keys there are, and so how many items were kept.")
    processed_items_total: int = Field(description="How many items were read.")
    dropped_items_total: int = Field(description="How many items were dropped.")


class DeduplicateItems(BasePlugin[DeduplicateItemsParams, DeduplicateItemsOutput]):
    """Keep of all items with the same key only the last one."""

    task_types = (
        "io.kestra.plugin.core.storage.DeduplicateItems",
        "io.kestra.core.tasks.storages.DeduplicateItems",
    )

    def run(self, params: DeduplicateItemsParams, context: ExecutionContext) -> PluginOutput:
        # keys may be long and many: their digests stand for them
        last: dict[bytes, int] = {}
        count = 0
        storage, path = context.services.storage, context.directory / "items.ion"
        with storage.open(context.run, params.from_) as source:
            for count, (_, item) in enumerate(items_of(source), start=1):
                key = key_of(params.expr, item, count, context)
                last[hashlib.blake2b(key.encode(), digest_size=16).digest()] = count
        kept = set(last.values())
        with storage.open(context.run, params.from_) as source, path.open("wb") as sink:
            sink.writelines(line for number, line in enumerate(lines_of(source), start=1) if number in kept)
        return success(
            DeduplicateItemsOutput(
                uri=context.upload(path),
                num_keys=len(kept),
                processed_items_total=count,
                dropped_items_total=count - len(kept),
            )
        )


def key_of(expression: str, item: object, number: int, context: ExecutionContext) -> str:
    """Work out the key of one item."""
    try:
        return context.render(expression, variables_of(item))
    except ExpressionError as error:
        raise TaskFailed(
            f"`expr` failed for item {number}: {error}. Correct it, or filter such items out first."
        ) from error
