"""Tasks of `io.kestra.plugin.core.namespace`: the files that all flows of a namespace share."""

import json
from fnmatch import fnmatchcase
from typing import Any, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.namespaces import is_below, reachable
from tiercel.paths import safe_join
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, JsonObject, PluginOutput, Static, success
from tiercel.storage import StoredFile, uris
from tiercel.task_files import matching
from tiercel_core.moments import read_date, with_zone


class FilesOutput(BaseOutput):
    files: dict[str, str] = Field(description="URIs of the files, by path.")


class UploadFilesParams(BaseParams):
    namespace: str = Field(description="Namespace that is to have the files.")
    files: list[str] | None = Field(None, description="Globs of files in the task's directory.")
    files_map: JsonObject | str | None = Field(
        None,
        description="Path to the kestra:/// URI of a stored file, or to content; or a JSON text of that.",
    )
    destination: str = Field("/", description="Folder of the namespace that they go to.")
    conflict: Literal["OVERWRITE", "ERROR", "SKIP"] = Field(
        "OVERWRITE", description="What happens where there is such a file already."
    )


class UploadFiles(BasePlugin[UploadFilesParams, FilesOutput]):
    """Put files among those of a namespace."""

    task_types = ("io.kestra.plugin.core.namespace.UploadFiles",)

    def run(self, params: UploadFilesParams, context: ExecutionContext) -> PluginOutput:
        written = {}
        for path, content in (*found(params.files, context), *mapped(params.files_map)):
            uri = file_uri(params.namespace, path, params.destination)
            if may_write(uri, params.conflict, context):
                written[path] = store(content, uri, context)
        return success(FilesOutput(files=written))


def found(globs: list[str] | None, context: ExecutionContext) -> list[tuple[str, Any]]:
    """Give the files of the task's directory that a glob names, by path."""
    patterns = [glob.removeprefix("glob:").removeprefix("/") for glob in globs or ()]
    paths = matching(patterns, context, "files")
    return [(path, safe_join(context.directory, path)) for path in paths]


def mapped(files: JsonObject | str | None) -> list[tuple[str, Any]]:
    """Give the files that the flow names itself."""
    try:
        named = json.loads(files) if isinstance(files, str) and files.strip() else files or {}
    except ValueError:
        named = None
    if not isinstance(named, dict):
        raise InvalidParameters("`filesMap` is no map of files: write each as `path: kestra:///…`.")
    return list(named.items())


def may_write(uri: str, conflict: str, context: ExecutionContext) -> bool:
    """Decide about a file that is there already."""
    if conflict == "OVERWRITE" or not context.services.storage.exists(None, uri):
        return True
    if conflict == "ERROR":
        raise TaskFailed(f"The file '{uri}' exists, and `conflict` is ERROR: delete it, or overwrite it.")
    context.log.info(f"{uri} exists and stays as it is.")
    return False


def store(content: Any, uri: str, context: ExecutionContext) -> str:
    """Write one file: from the task's directory, from internal storage, or a text."""
    storage = context.services.storage
    if isinstance(content, str) and content.startswith(f"{uris.SCHEME}/"):
        return storage.copy(context.run, content, uri)
    if isinstance(content, str):
        content = content.encode()
    elif isinstance(content, dict | list):
        content = json.dumps(content, ensure_ascii=False).encode()
    return storage.write(context.run, uri, content)


def file_uri(namespace: str, path: str, folder: str = "") -> str:
    """Name a file of a namespace."""
    parts = [part.strip("/") for part in (folder, path) if part.strip("/")]
    return uris.uri_of(uris.namespace_file_key(namespace, "/".join(parts)))


class ChosenParams(BaseParams):
    namespace: str = Field(description="Namespace that has the files.")
    files: str | list[str] = Field(description="Paths or globs of the files; one, or a list.")


class DownloadFilesParams(ChosenParams):
    destination: str = Field("", description="Folder below which this execution's copies are.")


class DownloadFiles(BasePlugin[DownloadFilesParams, FilesOutput]):
    """Copy files of a namespace to this execution, which keeps them as they are now."""

    task_types = ("io.kestra.plugin.core.namespace.DownloadFiles",)

    def run(self, params: DownloadFilesParams, context: ExecutionContext) -> PluginOutput:
        storage, folder, copies = context.services.storage, params.destination.strip("/"), {}
        for path, file in chosen(params, context):
            name = f"{folder}/{path}" if folder else path
            target = uris.uri_of(uris.task_key(context.run, name))
            copies[path] = storage.copy(context.run, file.uri, target)
        return success(FilesOutput(files=copies))


class DeleteFilesParams(ChosenParams):
    delete_parent_folder: bool = Field(
        False, description="Whether a folder that is empty then goes, too; one without files is none here."
    )


class DeleteFiles(BasePlugin[DeleteFilesParams, FilesOutput]):
    """Remove files of a namespace."""

    task_types = ("io.kestra.plugin.core.namespace.DeleteFiles",)

    def run(self, params: DeleteFilesParams, context: ExecutionContext) -> PluginOutput:
        removed = {}
        for path, file in list(chosen(params, context)):
            if context.services.storage.delete(context.run, file.uri):
                removed[path] = file.uri
        context.metric("deleted.count", len(removed))
        return success(FilesOutput(files=removed))


def chosen(params: ChosenParams, context: ExecutionContext) -> list[tuple[str, StoredFile]]:
    """Give the files of a namespace that a path or a glob names, by path."""
    wanted = params.files
    if isinstance(wanted, str) and wanted.lstrip().startswith("["):
        wanted = listed(wanted)
    globs = [glob.strip("/") for glob in ([wanted] if isinstance(wanted, str) else wanted)]
    files = [(path_of(file), file) for file in of_namespace(params.namespace, context)]
    return [(path, file) for path, file in files if any(matches(path, glob) for glob in globs)]


def of_namespace(namespace: str, context: ExecutionContext) -> list[StoredFile]:
    """List the files of a namespace, as the task may read it."""
    readable = reachable(context.run.namespace, namespace)
    return list(context.services.storage.list(context.run, root_of(readable)))


def listed(text: str) -> list[str]:
    """Read a JSON list of paths or globs."""
    try:
        return [str(one) for one in json.loads(text)]
    except ValueError as error:
        raise InvalidParameters(
            f"`files` begins like a JSON list and is none ({error}); write a list, or one path or glob."
        ) from error


def root_of(namespace: str) -> str:
    """Give the URI below which a namespace's files are."""
    return uris.uri_of(f"{uris.namespace_path(namespace)}/{uris.FILES}")


def path_of(file: StoredFile) -> str:
    """Give the path of a namespace file within its namespace."""
    return uris.key_of(file.uri).partition(f"/{uris.FILES}/")[2]


def matches(path: str, glob: str) -> bool:
    """Say whether a glob names a path: `*` is any text, `**/` any folders, none included."""
    return path == glob or fnmatchcase(path, glob) or fnmatchcase(path, glob.replace("**/", ""))


class Version(BaseParams):
    type: Static[Literal["version"]] = Field("version", description="By age, or by number.")
    before: Static[str | None] = Field(None, description="Files that have not changed since go.")
    keep_amount: Static[int | None] = Field(
        None, ge=0, description="How many versions stay; there is one of each file here."
    )


class PurgeFilesParams(BaseParams):
    file_pattern: str | None = Field(None, description="Glob of the files; all if left out.")
    namespaces: list[str] | None = Field(
        None, description="Whose files; those of the flow's own namespace if left out."
    )
    namespace_pattern: str | None = Field(None, description="Glob of the namespaces instead.")
    behavior: Version | None = Field(
        None, description="Which of them go; as only old versions do by default, none if left out."
    )
    include_child_namespaces: bool = Field(True, description="Whether namespaces below count, too.")


class PurgeFilesOutput(BaseOutput):
    size: int = Field(description="How many files were removed.")


class PurgeFiles(BasePlugin[PurgeFilesParams, PurgeFilesOutput]):
    """Remove files of this namespace, and of those below it, that have not changed for long."""

    task_types = ("io.kestra.plugin.core.namespace.PurgeFiles",)

    def run(self, params: PurgeFilesParams, context: ExecutionContext) -> PluginOutput:
        if params.namespaces is not None and params.namespace_pattern is not None:
            raise InvalidParameters("`namespaces` and `namespacePattern` exclude each other; leave one out.")
        storage, removed = context.services.storage, 0
        for namespace in purged_namespaces(params, context):
            for file in list(storage.list(None, root_of(namespace))):
                if is_named(params, file) and is_old(params.behavior, file):
                    removed += storage.purge(context.run, file.uri)
        context.metric("deleted.count", removed)
        return success(PurgeFilesOutput(size=removed))


def purged_namespaces(params: PurgeFilesParams, context: ExecutionContext) -> list[str]:
    """Give the namespaces that a purge is about: the flow's own and those below it, as far as named."""
    own = context.run.namespace
    known = context.services.storage.namespaces(own)
    if params.namespace_pattern is not None:
        return [one for one in known if fnmatchcase(one, params.namespace_pattern)]
    named = params.namespaces or [own]
    for one in named:
        if one != own and not is_below(one, own):
            raise TaskFailed(
                f"The files of namespace '{one}' cannot be purged from '{own}': "
                "a flow purges its own namespace and those below it."
            )
    below = params.include_child_namespaces
    return [one for one in known if one in named or (below and any(is_below(one, name) for name in named))]


def is_named(params: PurgeFilesParams, file: StoredFile) -> bool:
    """Say whether the pattern names a file."""
    return params.file_pattern is None or matches(path_of(file), params.file_pattern.strip("/"))


def is_old(behavior: Version | None, file: StoredFile) -> bool:
    """Say whether a file is to go."""
    if behavior is None:
        return False
    if behavior.before is not None:
        return file.modified_at < with_zone(read_date(behavior.before))
    return behavior.keep_amount == 0
