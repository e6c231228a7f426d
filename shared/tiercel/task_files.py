"""The files of a task: `inputFiles` laid out before it runs, `outputFiles` stored afterwards."""

import json
import shutil
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.paths import check_relative, safe_join
from tiercel.plugin import BaseParams, JsonObject
from tiercel.storage import uris


class NamespaceFiles(BaseParams):
    enabled: bool = Field(True, description="Whether files of the namespace are laid out at all.")
    include: list[str] | None = Field(None, description="Globs of the files to take; all if left out.")
    exclude: list[str] | None = Field(None, description="Globs of the files to leave.")
    namespaces: list[str] | None = Field(
        None, description="The namespaces to take from, in this order; the flow's own if left out."
    )
    if_exists: Literal["OVERWRITE", "FAIL", "WARN", "IGNORE"] = Field(
        "OVERWRITE", description="What to do when two of them have a file of the same name."
    )
    folder_per_namespace: bool = Field(False, description="Whether each namespace gets a folder of its own.")


def lay_out(files: JsonObject | str | None, context: ExecutionContext, name: str = "inputFiles") -> None:
    """Create files in the task's directory: path to content or kestra:/// URI, or a JSON text of that."""
    for path, content in read_files(files, name).items():
        target = safe_join(context.directory, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        if text.startswith("kestra://"):
            fetch(text, target, context)
        else:
            target.write_text(text, encoding="utf-8")


def lay_out_namespace(wanted: NamespaceFiles | None, context: ExecutionContext) -> None:
    """Create the namespace files that a task asks for in its directory."""
    if wanted is None or not wanted.enabled:
        return
    storage = context.services.storage
    for namespace in wanted.namespaces or [context.run.namespace]:
        root = f"{uris.SCHEME}/{uris.namespace_path(namespace)}/{uris.FILES}"
        for file in storage.list(context.run, root):
            path = uris.key_of(file.uri).removeprefix(uris.key_of(root)).lstrip("/")
            if not selected(path, wanted):
                continue
            target = safe_join(context.directory, *([namespace] if wanted.folder_per_namespace else []), path)
            if may_create(target, path, wanted.if_exists, context):
                fetch(file.uri, target, context)


def selected(path: str, wanted: NamespaceFiles) -> bool:
    """Tell whether a namespace file is among those that a task asks for."""
    included = wanted.include is None or any(fnmatch(path, glob.lstrip("/")) for glob in wanted.include)
    return included and not any(fnmatch(path, glob.lstrip("/")) for glob in wanted.exclude or ())


def may_create(target: Path, path: str, if_exists: str, context: ExecutionContext) -> bool:
    """Decide what to do about a file that is there already."""
    if not target.exists() or if_exists == "OVERWRITE":
        return True
    if if_exists == "FAIL":
        raise TaskFailed(f"The namespace file '{path}' exists twice, and `ifExists` is FAIL.")
    if if_exists == "WARN":
        context.log.warn(f"The namespace file '{path}' exists twice; the first one stays.")
    return False


def fetch(uri: str, target: Path, context: ExecutionContext) -> None:
    """Copy a file of internal storage to a path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with context.services.storage.open(context.run, uri) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)


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
    found = matching(globs, context, "outputFiles")
    return {path: context.upload(safe_join(context.directory, path), path) for path in found}


def matching(globs: Iterable[str] | None, context: ExecutionContext, name: str) -> list[str]:
    """Give the files of the directory that a glob names, in order of path; `**` means all below."""
    found: set[str] = set()
    for glob in globs or ():
        check_relative(glob)
        try:
            # Python's own `**` gives directories only
            matches = context.directory.glob(f"{glob}/*" if glob.endswith("**") else glob)
            files = [path for path in matches if path.is_file()]
        except ValueError as error:
            raise TaskFailed(
                f"`{glob}` in `{name}` is no glob ({error}): write one such as `out/*.csv`."
            ) from error
        found.update(path.relative_to(context.directory).as_posix() for path in files)
    return sorted(found)
