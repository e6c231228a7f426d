"""Split a file of rows into several."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate, groupby
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, TypeAlias

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, success

CHUNK_BYTES = 1 << 20
ROW_BYTES = 32 << 20
"""A row longer than this is hardly one: the separator is not in the file."""
SIZE = re.compile(r"\s*(\d+)\s*([KMG]?)I?B?\s*", re.IGNORECASE)
Dealer: TypeAlias = Callable[[bytes], Iterator[tuple[str, bytes]]]
"""Gives the rows of a block by part: its name, and rows of it."""
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
    separator, suffix = params.separator.encode(), Path(params.from_).suffix
    deal, in_order = dealer(params, separator)
    with context.services.storage.open(context.run, params.from_) as source:
        dealt = (pair for block in blocks_of(source, separator) for pair in deal(block))
        if in_order:
            return [
                context.upload((content for _, content in pairs), f"part-{part}{suffix}")
                for part, pairs in groupby(dealt, key=itemgetter(0))
            ]
        return gathered(dealt, suffix, context)


def gathered(dealt: Iterable[tuple[str, bytes]], suffix: str, context: ExecutionContext) -> list[str]:
    """Write parts whose rows come by turns: to the task's directory first, and to storage at the end."""
    paths: dict[str, Path] = {}
    for part, content in dealt:
        path = paths.setdefault(part, context.directory / f"part-{len(paths)}{suffix}")
        with path.open("ab") as sink:
            sink.write(content)
    return [context.upload(path) for path in paths.values()]


def blocks_of(source: BinaryIO, separator: bytes) -> Iterator[bytes]:
    """Give a file in blocks of whole rows, each row with the separator at its end."""
    rest = b""
    while chunk := source.read(CHUNK_BYTES):
        chunk = rest + chunk
        end = end_of_rows(chunk, separator)
        rest = chunk[end:]
        check_row(rest)
        if end:
            yield chunk[:end]
    if rest:
        yield rest + separator


def end_of_rows(content: bytes, separator: bytes) -> int:
    """Say where the last whole row ends; 0 where there is none."""
    if len(separator) == 1:
        return content.rfind(separator) + 1
    # from the front: from the back, `;;` might be found in the midst of `;;;`
    return len(content) - len(content.split(separator)[-1])


def check_row(row: bytes) -> None:
    """Refuse a row that is too long to be held."""
    if len(row) > ROW_BYTES:
        raise TaskFailed(
            f"A row of the file is longer than {ROW_BYTES:,} bytes: write in `separator` what ends its rows."
        )


def dealer(params: SplitParams, separator: bytes) -> tuple[Dealer, bool]:
    """Give what says to which part rows go, and whether the parts come one after another."""
    if params.bytes:
        return by_size(size_of(params.bytes), separator), True
    if params.partitions:
        return in_turn(params.partitions, separator), False
    if params.rows:
        return by_count(params.rows, separator), True
    if params.regex_pattern:
        return by_pattern(params.regex_pattern, separator), False
    raise InvalidParameters("Say how to split: set `bytes`, `partitions`, `rows` or `regexPattern`.")


def size_of(text: str) -> int:
    """Read a size such as 10MB."""
    match = SIZE.fullmatch(text)
    if not match or not int(match[1]):
        raise InvalidParameters(f"`bytes` is '{text}': write a size such as 500KB or 10MB.")
    return int(match[1]) * UNITS[match[2].upper()]


def by_count(limit: int, separator: bytes) -> Dealer:
    """Fill one part after another with so many rows."""
    part, room = 0, limit

    def deal(block: bytes) -> Iterator[tuple[str, bytes]]:
        nonlocal part, room
        if (
            0 < block.count(separator) <= room
        ):  # a big part takes whole blocks, and nobody looks at their rows
            room -= block.count(separator)
            yield str(part), block
            return
        rows, start = block.split(separator)[:-1], 0
        while start < len(rows):
            if not room:
                part, room = part + 1, limit
            taken = rows[start : start + room]
            start, room = start + len(taken), room - len(taken)
            yield str(part), separator.join([*taken, b""])

    return deal


def by_size(limit: int, separator: bytes) -> Dealer:
    """Fill one part after another up to a size; a row that is bigger has a part to itself."""
    part, used = 0, 0

    def deal(block: bytes) -> Iterator[tuple[str, bytes]]:
        nonlocal part, used
        if used + len(block) <= limit:
            used += len(block)
            yield str(part), block
            return
        ends = list(accumulate(len(row) + len(separator) for row in block.split(separator)[:-1]))
        start, begun = 0, 0
        while start < len(ends):
            end = bisect_right(ends, begun + limit - used, start)
            if end == start and used:
                part, used = part + 1, 0
                continue
            stop = ends[max(end, start + 1) - 1]
            yield str(part), block[begun:stop]
            used, start, begun = used + stop - begun, max(end, start + 1), stop

    return deal


def in_turn(parts: int, separator: bytes) -> Dealer:
    """Deal the rows out to the parts."""
    turn = 0

    def deal(block: bytes) -> Iterator[tuple[str, bytes]]:
        nonlocal turn
        rows = block.split(separator)[:-1]
        for place in range(min(parts, len(rows))):
            yield str((turn + place) % parts), separator.join([*rows[place::parts], b""])
        turn = (turn + len(rows)) % parts

    return deal


def by_pattern(pattern: str, separator: bytes) -> Dealer:
    """Bring rows together whose first group is the same; a row that does not match is left out."""
    try:
        compiled = re.compile(pattern.encode())
    except re.error as error:
        raise InvalidParameters(f"`regexPattern` is no regular expression ({error}): correct it.") from error
    if compiled.groups < 1:
        raise InvalidParameters("`regexPattern` has no group: put in brackets what brings rows together.")

    def deal(block: bytes) -> Iterator[tuple[str, bytes]]:
        parts: dict[bytes, list[bytes]] = {}
        for row in block.split(separator)[:-1]:
            if match := compiled.search(row):
                parts.setdefault(match[1] or b"", []).append(row + separator)
        for name, found in parts.items():
            yield name.decode("utf-8", "replace"), b"".join(found)

    return deal
