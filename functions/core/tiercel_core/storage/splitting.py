"""Split a file of rows into several."""

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, success

CHUNK_BYTES = 1 << 20
ROW_BYTES = 32 << 20
"""A row longer than this is hardly one: the separator is not in the file."""
SIZE = re.compile(r"\s*(\d+)\s*([KMG]?)I?B?\s*", re.IGNORECASE)
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


class SplitParams(BaseParams):
    from_: str = Field(alias="from", description="URI of the file.")
    bytes: str | None = Field(
        None, description="Size at which a part is full, such as 10MB; rows stay whole."
    )
    partitions: int | None = Field(None, ge=1, description="How many parts; rows go to them in turn.")
    rows: int | None = Field(None, ge=1, description="How many rows a part holds.")
    regex_pattern: str | None = Field(None, description="Rows with the same first group go to the same part.")
    separator: str = Field("\n", min_length=1, description="What ends a row.")


class SplitOutput(BaseOutput):
    uris: list[str] = Field(description="URIs of the parts, in order.")


class Split(BasePlugin[SplitParams, SplitOutput]):
    """Split a file of rows by size, number of parts, number of rows, or a pattern."""

    task_types = ("io.kestra.plugin.core.storage.Split", "io.kestra.core.tasks.storages.Split")

    def run(self, params: SplitParams, context: ExecutionContext) -> PluginOutput:
        return success(SplitOutput(uris=split(params, context)))


def split(params: SplitParams, context: ExecutionContext) -> list[str]:
    """Write the parts of a file to internal storage and give their URIs."""
    choose, suffix = chooser(params), Path(params.from_).suffix
    parts: dict[str, Path] = {}
    with context.services.storage.open(context.run, params.from_) as source:
        for part, rows in groupby(rows_of(source, params.separator.encode()), choose):
            if part is None:
                continue
            path = parts.setdefault(part, context.directory / f"part-{len(parts)}{suffix}")
            with path.open("ab") as sink:
                sink.writelines(rows)
    return [context.upload(path) for path in parts.values()]


def rows_of(source: BinaryIO, separator: bytes) -> Iterator[bytes]:
    """Give the rows of a file, each with the separator at its end."""
    rest = b""
    while chunk := source.read(CHUNK_BYTES):
        *rows, rest = (rest + chunk).split(separator)
        check_row(rest)
        yield from (row + separator for row in rows)
    if rest:
        yield rest + separator


def check_row(row: bytes) -> None:
    """Refuse a row that is too long to be held."""
    if len(row) > ROW_BYTES:
        raise TaskFailed(
            f"A row of the file is longer than {ROW_BYTES:,} bytes: write in `separator` what ends its rows."
        )


def chooser(params: SplitParams) -> Callable[[bytes], str | None]:
    """Give what says to which part a row goes; None leaves it out."""
    if params.bytes:
        return by_count(size_of(params.bytes), len)
    if params.partitions:
        return in_turn(params.partitions)
    if params.rows:
        return by_count(params.rows, lambda row: 1)
    if params.regex_pattern:
        return by_pattern(params.regex_pattern)
    raise InvalidParameters("Say how to split: set `bytes`, `partitions`, `rows` or `regexPattern`.")


def size_of(text: str) -> int:
    """Read a size such as 10MB."""
    match = SIZE.fullmatch(text)
    if not match or not int(match[1]):
        raise InvalidParameters(f"`bytes` is '{text}': write a size such as 500KB or 10MB.")
    return int(match[1]) * UNITS[match[2].upper()]


def by_count(limit: int, weigh: Callable[[bytes], int]) -> Callable[[bytes], str | None]:
    """Fill one part after another."""
    part, weight = 0, 0

    def choose(row: bytes) -> str:
        nonlocal part, weight
        if weight and weight + weigh(row) > limit:
            part, weight = part + 1, 0
        weight += weigh(row)
        return str(part)

    return choose


def in_turn(parts: int) -> Callable[[bytes], str | None]:
    """Deal the rows out to the parts."""
    count = -1

    def choose(row: bytes) -> str:
        nonlocal count
        count += 1
        return str(count % parts)

    return choose


def by_pattern(pattern: str) -> Callable[[bytes], str | None]:
    """Bring rows together whose first group is the same; a row that does not match is left out."""
    try:
        compiled = re.compile(pattern.encode())
    except re.error as error:
        raise InvalidParameters(f"`regexPattern` is no regular expression ({error}): correct it.") from error
    if compiled.groups < 1:
        raise InvalidParameters("`regexPattern` has no group: put in brackets what brings rows together.")

    def choose(row: bytes) -> str | None:
        match = compiled.search(row)
        return match[1].decode("utf-8", "replace") if match else None

    return choose
