"""Files of items: one Ion or JSON value per line."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, ClassVar, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import ExpressionError, TaskFailed
from tiercel.expressions import truthy
from tiercel.expressions.budget import Budget
from tiercel.expressions.ion_reader import read_ion
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, Static, success


class FilterItemsParams(BaseParams):
    from_: str = Field(alias="from", description="URI of the file with the items.")
    filter_condition: Static[str] = Field(
        description="Evaluated for each item, whose fields it sees as variables."
    )
    filter_type: Literal["INCLUDE", "EXCLUDE"] = Field(
        "INCLUDE", description="Whether items for which the condition holds are kept, or dropped."
    )
    error_or_null_behavior: Literal["FAIL", "INCLUDE", "EXCLUDE"] = Field(
        "FAIL", description="What happens to an item for which the condition fails or gives null."
    )


class FilterItemsOutput(BaseOutput):
    uri: str = Field(description="URI of the file with the items that were kept.")
    processed_items_total: int = Field(description="How many items were read.")
    dropped_items_total: int = Field(description="How many items were dropped.")


class FilterItems(BasePlugin[FilterItemsParams, FilterItemsOutput]):
    """Keep the items of a file for which a condition holds, or drop them."""

    task_types: ClassVar[tuple[str, ...]] = (
        "io.kestra.plugin.core.storage.FilterItems",
        "io.kestra.core.tasks.storages.FilterItems",
    )

    def run(self, params: FilterItemsParams, context: ExecutionContext) -> PluginOutput:
        path, processed, kept = context.directory / "items.ion", 0, 0
        with context.services.storage.open(context.run, params.from_) as source, path.open("wb") as sink:
            for processed, (line, item) in enumerate(items_of(source), start=1):
                if keeps(params, item, processed, context):
                    sink.write(line)
                    kept += 1
        return success(
            FilterItemsOutput(
                uri=context.upload(path),
                processed_items_total=processed,
                dropped_items_total=processed - kept,
            )
        )


class Filter(FilterItems):
    """Keep the items of a file for which a condition holds, or drop them: FilterItems by a shorter name."""

    task_types: ClassVar[tuple[str, ...]] = ("io.kestra.plugin.core.storage.Filter",)


def items_of(source: BinaryIO) -> Iterator[tuple[bytes, Any]]:
    """Give each line that is not empty with its value; `TaskFailed` names the first that has none."""
    for number, line in enumerate(lines_of(source), start=1):
        try:
            yield line, item_of(line.decode("utf-8"))
        except (UnicodeDecodeError, ExpressionError) as error:
            raise TaskFailed(
                f"Item {number} of the file cannot be read ({error}); give a file with one Ion or JSON value "
                "a line, in UTF-8."
            ) from error


def lines_of(source: BinaryIO) -> Iterator[bytes]:
    """Give the lines that are not empty, each with one line feed at its end."""
    for line in source:
        if line.strip():
            yield line.rstrip(b"\r\n") + b"\n"


def item_of(line: str) -> Any:
    """Read one line; most are JSON, whose reader is the faster one."""
    try:
        return json.loads(line)
    except ValueError:
        return next(iter(read_ion(line, Budget())), None)


def variables_of(item: Any) -> Mapping[str, Any]:
    """Give what an expression sees of an item: its fields, or `value`."""
    return item if isinstance(item, Mapping) else {"value": item}


def keeps(params: FilterItemsParams, item: Any, number: int, context: ExecutionContext) -> bool:
    """Decide about one item."""
    try:
        answer = context.render(params.filter_condition, variables_of(item)).strip()
    except ExpressionError as error:
        return unclear(params, f"failed for item {number}: {error}", error)
    if not answer:
        return unclear(params, f"gave nothing for item {number}", None)
    return truthy(answer) == (params.filter_type == "INCLUDE")


def unclear(params: FilterItemsParams, what: str, error: Exception | None) -> bool:
    """Decide about an item for which the condition has no answer."""
    if params.error_or_null_behavior == "FAIL":
        raise TaskFailed(
            f"`filterCondition` {what}. Correct it, or set `errorOrNullBehavior` to INCLUDE or EXCLUDE."
        ) from error
    return params.error_or_null_behavior == "INCLUDE"
