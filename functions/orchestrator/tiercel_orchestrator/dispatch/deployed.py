"""Families that are deployed, as the service tables say: releases write rows, orchestrators read them."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tiercel.errors import TiercelError
from tiercel.postgres import Functions, moment
from tiercel.registry import Family, Registry
from tiercel.settings import Settings
from tiercel.value_stores import POSTGRES, SUPABASE, functions_of
from tiercel_orchestrator.dispatch.routes import Routes, Target

LIGHT = "family, version, url, queue_url, prefixes, published_at"


@dataclass(frozen=True, slots=True)
class Release:
    """A family as it was released last."""

    family: str
    version: str
    url: str | None
    queue: str | None
    prefixes: tuple[str, ...]
    published_at: datetime


@dataclass
class Deployed:
    """The service tables. All calls block; manifests are read when their family was released anew."""

    functions: Functions
    manifests: dict[Release, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings, store_url: str | None) -> "Deployed":
        """Find the tables: in the database that executions are in, else in that of the keys."""
        url = store_url if store_url and store_url.startswith(POSTGRES) else settings.kv_url
        if url is None and settings.supabase_url:
            url = SUPABASE
        if url is None or not url.startswith((*POSTGRES, SUPABASE)):
            raise TiercelError(
                "Families are published to a Postgres: name it by --store or TIERCEL_STORE, or name a "
                "Supabase project by SUPABASE_URL."
            )
        functions = functions_of(dataclasses.replace(settings, kv_url=url))
        return cls(functions.under(settings.supabase_service_key))

    def publish(self, manifest: str, url: str | None, queue: str | None, now: datetime) -> int:
        """Write a family's rows from its manifest; give how many plugins it has."""
        arguments = {"manifest_json": manifest, "url": url, "queue_url": queue, "now": now}
        return int(self.functions.call("service_publish", **arguments)[0]["plugins"])

    def releases(self) -> list[Release]:
        """List the families that are deployed."""
        return [
            Release(
                row["family"],
                row["version"],
                row["url"],
                row["queue_url"],
                tuple(row["prefixes"]),
                moment(row["published_at"]),
            )
            for row in self.functions.listed("service_families", LIGHT)
        ]

    def read(self, installed: Registry, routes: Routes) -> tuple[Registry, Routes]:
        """Add the families that are deployed somewhere; what the configuration says of one comes before."""
        placed = routes.targets.keys() | routes.queues.keys()
        releases = [one for one in self.releases() if one.url or one.queue or one.family in placed]
        self._learn(releases)
        deployed = {release.family for release in releases}
        here = [family for name, family in installed.families.items() if name not in deployed]
        there = [Family(f"{one.family} {one.version}", self.manifests[one]) for one in releases]
        urls = {one.family: Target(one.url.rstrip("/")) for one in releases if one.url}
        queues = {one.family: one.queue for one in releases if one.queue}
        prefixes = {prefix: one.family for one in releases for prefix in one.prefixes}
        found = Routes(
            {**urls, **routes.targets}, {**prefixes, **routes.prefixes}, {**queues, **routes.queues}
        )
        return Registry([*here, *there]), found

    def _learn(self, releases: list[Release]) -> None:
        """Read the manifests that are not known yet, and forget those of releases that are over."""
        self.manifests = {one: self.manifests[one] for one in releases if one in self.manifests}
        if len(self.manifests) == len(releases):
            return
        rows = self.functions.listed("service_families", "family, manifest_json")
        texts = {row["family"]: row["manifest_json"] for row in rows}
        for one in releases:
            if one not in self.manifests:
                self.manifests[one] = json.loads(texts[one.family])

    def close(self) -> None:
        """Let go of connections."""
        self.functions.close()
