"""Which family serves a task type, and where: the route table, and the URLs that the configuration names."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tiercel.errors import TiercelError
from tiercel.registry import prefixes_of

URLS = "TIERCEL_FAMILY_URLS"
QUEUES = "TIERCEL_FAMILY_QUEUES"
EXAMPLE = '{"sql": "http://127.0.0.1:8081"}'
CONCURRENCY = 10
"""How many tasks a family is sent at once where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a family is served, and how many tasks it is sent at once."""

    url: str
    concurrency: int = CONCURRENCY

    @property
    def loopback(self) -> bool:
        """Say whether the family runs on this machine."""
        return is_loopback(self.url)


@dataclass(frozen=True, slots=True)
class Routes:
    """Prefix of task types -> family, and family -> where it is; what is nowhere else runs in process."""

    targets: Mapping[str, Target] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    """Family -> the queue that its workers take from; these come before targets."""

    @classmethod
    def read(cls, file: Path | None = None, environment: Mapping[str, str] | None = None) -> "Routes":
        """Read a route table and TIERCEL_FAMILY_URLS; a URL of the environment comes before the file's."""
        values = os.environ if environment is None else environment
        table = _table(file) if file else {}
        named = {name: entry for name, entry in table.get("families", {}).items() if "url" in entry}
        given = _object(values.get(URLS) or "{}", URLS)
        return cls(
            {name: _target(name, entry) for name, entry in {**named, **given}.items()},
            {route["prefix"]: route["family"] for route in table.get("routes", ())},
            {name: _queue(name, url) for name, url in _object(values.get(QUEUES) or "{}", QUEUES).items()},
        )

    def family_of(self, type_id: str) -> str | None:
        """Give the family that owns a task type by the longest prefix of the table."""
        return next((self.prefixes[one] for one in prefixes_of(type_id) if one in self.prefixes), None)


def is_loopback(url: str) -> bool:
    """Say whether a URL leads to this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _table(file: Path) -> dict[str, Any]:
    """Read a route table as `infra/routes/routes.json` is one."""
    try:
        table = _object(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise TiercelError(f"The route table {file} cannot be read: {error}; correct --routes.") from error
    families, routes = table.get("families", {}), table.get("routes", [])
    if not (
        isinstance(families, dict)
        and all(isinstance(entry, dict) for entry in families.values())
        and isinstance(routes, list)
        and all(isinstance(route, dict) and {"prefix", "family"} <= route.keys() for route in routes)
    ):
        raise TiercelError(
            f"{file} is no route table; write it as infra/routes/routes.json is: `families`, each with "
            "`url` where it has one, and `routes`, each with `prefix` and `family`."
        )
    return table


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise TiercelError(f"{place} is no JSON: {error}; write for example {EXAMPLE}.") from error
    if not isinstance(value, dict):
        raise TiercelError(f"{place} is no JSON object; write for example {EXAMPLE}.")
    return value


def _target(name: str, entry: Any) -> Target:
    """Read where one family is: a URL, or an object with `url` and `concurrency`."""
    values = {"url": entry} if isinstance(entry, str) else entry
    if not isinstance(values, dict):
        raise TiercelError(f"The URL of family '{name}' is no text; write for example {EXAMPLE}.")
    url, concurrency = values.get("url"), values.get("concurrency", CONCURRENCY)
    if not isinstance(url, str) or not _is_http(url):
        raise TiercelError(f"The URL of family '{name}' is {url!r}; write an http:// or https:// URL.")
    if not isinstance(concurrency, int) or isinstance(concurrency, bool) or concurrency < 1:
        raise TiercelError(
            f"The concurrency of family '{name}' is {concurrency!r}; write a whole number from 1."
        )
    return Target(url.rstrip("/"), concurrency)


def _queue(name: str, url: Any) -> str:
    if not isinstance(url, str) or not _is_http(url):
        raise TiercelError(f"The queue of family '{name}' is {url!r}; write the URL of a queue of SQS's.")
    return url


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
