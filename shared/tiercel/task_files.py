"""The files of a task: `inputFiles` laid out before it runs, `outputFiles` taken to internal storage afterwards."""

import json
import shutil
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.paths import check_relative, safe_join
from tiercel.plugin import BaseParams, JsonObject


class NamespaceFiles(BaseParams):
    enabled: bool = Field(True, description="Whether files of the namespace are laid out at all.")
    include: list[str] | None = Field(None, description="Globs of the files to take; all if left out.")
    exclude: list[str] | None = Field(None, description="Globs of the files to leave.")
    namespaces: list[str] = Field(
        ["{{flow.namespace}}"], description="The namespaces to take from, in this order."
    )
    if_exists: Literal["OVERWRITE", "FAIL", "WARN", "IGNORE"] = Field(
        "OVERWRITE", description="What to do when two of them have a file of the same name."
    )
    folder_per_namespace: bool = Field(False, description="Whether each namespace gets a folder of its own.")


def lay_out(files: JsonObject | str | None, context: ExecutionContext, name: str = "inputFiles") -> None:
    """Create files in the task's directory: path to content or to a kestra:/// URI, or a JSON text of such a map."""
    for path, content in read_files(files, name).items():
        target = safe_join(context.directory, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        if text.startswith("kestra://"):
            with context.services.storage.open(context.run, text) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        else:
            target.write_text(text, encoding="utf-8")


def read_files(files: JsonObject | str | None, name: str = "inputFiles") -> dict[str, Any]:
    """Read the property that names files; empty where there are none."""
    if not files:
        return {}
    try:
        found = json.loads(files) if isinstance(files, str) else files
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InvalidParameters(
            f"The property `{name}` is no map of files: write each as `path: content` or `path: kestra:///…`."
        )
    return found


def collect(globs: Iterable[str] | None, context: ExecutionContext) -> dict[str, str]:
    """Upload the files of the task's directory that a glob names; gives path to URI, in order of path."""
    found: set[str] = set()
    for glob in globs or ():
        check_relative(glob)
        try:
            matches = [path for path in context.directory.glob(glob) if path.is_file()]
        except ValueError as error:
            raise TaskFailed(
                f"`{glob}` in `outputFiles` is no glob ({error}): write one such as `out/*.csv`."
            ) from error
        found.update(path.relative_to(context.directory).as_posix() for path in matches)
    return {path: context.upload(safe_join(context.directory, path), path) for path in sorted(found)}
