"""Internal storage: the files of executions and namespaces, in a directory or a bucket, through obstore."""

import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

from tiercel.envelope import RunContext
from tiercel.errors import Retriable, TaskFailed, TiercelError
from tiercel.paths import safe_join
from tiercel.storage import access, uris
from tiercel.storage.backends import connect, directory_of

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined,unused-ignore]

    from obstore import ReadableFile
    from obstore.store import ObjectStore

CHUNK_BYTES = 1 << 20
PART_BYTES = 5 << 20
PARTS_AT_ONCE = 2
"""How many parts of a big file are under way at once: what it costs in memory."""
UNCHECKED = None
"""Instead of a run: the caller is the orchestrator or a runtime itself, and no rule of access applies."""


class StoredFile(NamedTuple):
    """One file of internal storage."""

    uri: str
    size_bytes: int
    modified_at: datetime


class Storage:
    """Read and write files by their kestra:/// URI, as one task run may, or `UNCHECKED`.

    `url`: where they are: a directory, or what `backends.connect` knows.
    All calls block; contents are streamed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._store: ObjectStore | None = None

    @property
    def store(self) -> "ObjectStore":
        """Connect on first use: obstore is not imported by a task that stores nothing."""
        if self._store is None:
            self._store = connect(self.url)
        return self._store

    def upload(self, run: RunContext, source: Path | bytes | Iterable[bytes], name: str | None = None) -> str:
        """Write a file of a task run and give its URI; `name` may have directories in it."""
        named = name or (source.name if isinstance(source, Path) else "data")
        return self.put(uris.uri_of(uris.task_key(run, named)), source)

    def put(self, uri: str, source: Path | bytes | Iterable[bytes]) -> str:
        """Write a file, unchecked, and give its URI back; chunks that break off leave no file."""
        import obstore

        key, store = uris.key_of(uri), self.store
        try:
            if isinstance(source, Path | bytes):
                obstore.put(store, key, source, max_concurrency=PARTS_AT_ONCE)
                return uris.uri_of(key)
            # not put: it takes chunks within the store's runtime, where no other file may be read
            with obstore.open_writer(
                store, key, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
            ) as sink:
                for chunk in source:
                    sink.write(chunk)
        except FileNotFoundError as error:
            raise TaskFailed(f"The file '{source!s}' cannot be uploaded: it does not exist.") from error
        except TiercelError:  # from where the chunks come
            raise
        except Exception as error:
            raise trouble("write", uri, error) from error
        return uris.uri_of(key)

    async def upload_stream(self, run: RunContext, chunks: AsyncIterable[bytes], name: str) -> str:
        """Write a file of a task run as its chunks come; where they break off, there is no file."""
        import obstore

        uri, source = uris.uri_of(uris.task_key(run, name)), AsyncChunks(chunks)
        try:
            await obstore.put_async(
                self.store, uris.key_of(uri), aiter(source), max_concurrency=PARTS_AT_ONCE
            )
        except Exception as error:
            if source.broken:  # what went wrong there is the news, and its own caller knows to word it
                raise source.broken from None
            raise trouble("write", uri, error) from error
        return uri

    def link(self, uri: str, seconds: float) -> str | None:
        """Give an address that anybody may fetch a file from for a while; None where the store has none.

        For a directory it is that of the file itself.
        """
        import obstore
        from obstore.store import AzureStore, GCSStore, S3Store

        key, store = uris.key_of(uri), self.store
        if directory := directory_of(self.url):
            return safe_join(directory, key).as_uri()
        if not isinstance(store, AzureStore | GCSStore | S3Store):
            return None
        try:
            return obstore.sign(store, "GET", key, timedelta(seconds=seconds))
        except Exception as error:
            raise trouble("sign", uri, error) from error

    def write(self, run: RunContext, uri: str, source: Path | bytes) -> str:
        """Write a file where a task may: below its execution, or among its namespace's files."""
        access.check_write(run, uris.key_of(uri))
        return self.put(uri, source)

    def download(self, run: RunContext | None, uri: str, directory: Path) -> Path:
        """Fetch a file into a directory and give its path; its name is the last part of the URI."""
        target = safe_join(directory, uris.key_of(uri).rsplit("/", 1)[-1])
        with self.open(run, uri) as source, target.open("wb") as sink:
            while chunk := source.read(CHUNK_BYTES):
                sink.write(chunk)
        return target

    def open(self, run: RunContext | None, uri: str) -> BinaryIO:
        """Open a file for streaming; close it, or use it in `with`."""
        import obstore

        key, store = self.readable(run, uri), self.store
        try:
            reader = obstore.open_reader(store, key)
        except FileNotFoundError as error:
            raise missing(uri) from error
        except Exception as error:
            raise trouble("read", uri, error) from error
        return cast("BinaryIO", io.BufferedReader(StoredBytes(reader), CHUNK_BYTES))

    def read(self, run: RunContext | None, uri: str) -> bytes:
        """Give the whole content of a file."""
        with self.open(run, uri) as source:
            return source.read()

    def size(self, run: RunContext | None, uri: str) -> int:
        """Give the size of a file in bytes."""
        found = self.find(run, uri)
        if found is None:
            raise missing(uri)
        return found

    def exists(self, run: RunContext | None, uri: str) -> bool:
        """Say whether there is such a file."""
        return self.find(run, uri) is not None

    def find(self, run: RunContext | None, uri: str) -> int | None:
        """Give the size of a file in bytes, or None where there is no such file."""
        import obstore

        key, store = self.readable(run, uri), self.store
        try:
            return obstore.head(store, key)["size"]
        except FileNotFoundError:
            return None
        except Exception as error:
            raise trouble("read", uri, error) from error

    def copy(self, run: RunContext, uri: str, to: str) -> str:
        """Copy a file, within the store, from where a task may read to where it may write."""
        import obstore

        access.check_write(run, uris.key_of(to))
        try:
            obstore.copy(self.store, self.readable(run, uri), uris.key_of(to))
        except FileNotFoundError as error:
            raise missing(uri) from error
        except TaskFailed:
            raise
        except Exception as error:
            raise trouble("copy", uri, error) from error
        return to

    def purge(self, run: RunContext, uri: str) -> bool:
        """Remove a namespace file of the run's namespace, or of one below it; say whether there was one."""
        access.check_purge(run, uris.key_of(uri))
        return self.delete(UNCHECKED, uri)

    def namespaces(self, top: str) -> list[str]:
        """List a namespace and those below it that have files of their own, unchecked."""
        import obstore

        found, folders = [], [uris.namespace_path(top)]
        while folders:
            folder = folders.pop()
            below = obstore.list_with_delimiter(self.store, f"{folder}/")["common_prefixes"]
            names = {path.rstrip("/").rpartition("/")[2] for path in below}
            if uris.FILES in names:
                found.append(folder.replace("/", "."))
            if uris.EXECUTIONS not in names:  # what has executions is a flow, and no namespace
                folders += [f"{folder}/{name}" for name in names if name != uris.FILES]
        return sorted(found)

    def delete(self, run: RunContext | None, uri: str) -> bool:
        """Remove a file, and say whether there was one."""
        import obstore

        key = uris.key_of(uri)
        if run:
            access.check_write(run, key)
        if self.find(UNCHECKED, uri) is None:  # object stores do not say whether a delete hit something
            return False
        obstore.delete(self.store, key)
        return True

    def list(self, run: RunContext | None, uri: str) -> Iterator[StoredFile]:
        """Give the files below a URI, in order of name."""
        import obstore

        prefix = self.readable(run, f"{uri.rstrip('/')}/-").removesuffix("-")
        for batch in obstore.list(self.store, prefix):
            for found in sorted(batch, key=lambda entry: entry["path"]):
                yield StoredFile(uris.uri_of(found["path"]), found["size"], found["last_modified"])

    def readable(self, run: RunContext | None, uri: str) -> str:
        """Give the key behind a URI that the run may read."""
        key = uris.key_of(uri)
        if run:
            access.check_read(run, key)
        return key


@dataclass
class AsyncChunks:
    """Chunks on their way into the store; `broken`: why there will be no more."""

    chunks: AsyncIterable[bytes]
    broken: Exception | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.chunks:
                yield chunk
        except Exception as error:
            self.broken = error
            raise


class StoredBytes(io.RawIOBase):
    """Make obstore's reader a file as Python knows files, so that lines can be read from it."""

    def __init__(self, reader: "ReadableFile") -> None:
        super().__init__()
        self.reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(cast("Any", buffer)).cast("B")
        chunk = bytes(self.reader.read(len(view)))
        view[: len(chunk)] = chunk
        return len(chunk)


def missing(uri: str) -> TaskFailed:
    """Say that a file is not there."""
    return TaskFailed(f"Unable to read the file '{uri}': internal storage has no such file.")


def trouble(verb: str, uri: str, error: Exception) -> TaskFailed:
    """Say that the store itself failed; the world was busy unless it refused us."""
    message = f"Unable to {verb} the file '{uri}': internal storage answered {type(error).__name__}."
    refused = isinstance(error, PermissionError | ValueError | NotImplementedError)
    return TaskFailed(message) if refused else Retriable(message)
