"""One entry while it runs: its flows, its executions and what its placeholders stand for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conformance import data, drift
from tests.conformance.corpus import Corpus, Entry
from tests.conformance.placeholders import Names
from tests.conformance.product import TEST_GLOBALS, TEST_KEY, NoVerb, Product, Surroundings
from tests.conformance.view import View
from tiercel.flows.models import Flow


@dataclass
class Scene:
    """An entry with the product that it drives. `unique`: the same for all entries of one sequence."""

    entry: Entry
    corpus: Corpus
    product: Product
    unique: str
    flows: dict[str, Flow] = field(default_factory=dict)
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        self.names = Names(made=lambda name: self.unique if name.startswith("unique ") else None)
        self.names.known["ns"] = self.namespace

    @property
    def namespace(self) -> str:
        """Give the entry's namespace."""
        return str(self.entry.get("namespace") or "io.kestra.tests")

    @property
    def expected(self) -> Mapping[str, Any]:
        """Give what is expected, placeholders and all."""
        return self.entry.get("expected") or {}

    @property
    def flow(self) -> Flow:
        """Give the entry's own flow."""
        return self.flows[self.entry["flow"]]

    def flow_named(self, flow_id: str) -> Flow:
        """Give a loaded flow by its id."""
        for flow in self.flows.values():
            if flow.id == flow_id:
                return flow
        raise NoVerb(f"the entry loads no flow `{flow_id}`")

    async def prepare(self) -> None:
        """Lay down what must be there before anything starts."""
        for path in [*self.entry.get("requires_flows", ()), self.entry["flow"]]:
            source = drift.adapted(self.corpus.text(path), self.entry)
            self.flows[path] = await self.product.put_flow(source)
        if template := self.entry.get("requires_template"):
            await self.product.put_template(template)
        seed(self.product, self.namespace, self.entry)

    async def start(
        self, inputs: Mapping[str, Any] | None = None, flow: Flow | None = None, **options: Any
    ) -> str:
        """Start a flow, by default the entry's own with the entry's inputs."""
        flow = flow or self.flow
        own = flow is self.flow
        given = self.entry.get("inputs") or {} if inputs is None and own else inputs or {}
        raw = bool(self.entry.get("raw_inputs") or self.entry.get("bypass_input_validation")) and own
        labels = self.entry.get("execution_labels") if own else None
        values = data.built(self.names.resolve(given))
        started = await self.product.start(flow.namespace, flow.id, values, labels, raw=raw, **options)
        self.remember(flow.id, started)
        return started

    def remember(self, flow_id: str, execution_id: str) -> None:
        """Let placeholders find an execution."""
        known = self.names.known
        self.names.flows[flow_id] = execution_id
        if flow_id == self.flow.id:
            for name in ("execution id", "parent id", "parent execution id"):
                known[name] = execution_id
            for name in ("first", "first id", "first execution id"):
                known.setdefault(name, execution_id)
            known |= {"parent flow id": flow_id, "flow id": flow_id, "parent namespace": self.flow.namespace}

    async def children(self, parent: View) -> list[View]:
        """Show the executions that one has started, and name the first."""
        found = []
        for flow in self.flows.values():
            for view in await self.product.executions(flow.id):
                if view.trigger_variables.get("executionId") == parent.id:
                    found.append(view)
        if found:
            self.names.known["child execution id"] = self.names.known["child id"] = found[0].id
        return found


def seed(product: Product, namespace: str, entry: Entry) -> None:
    """Lay down keys and files of namespaces."""
    for owner, values in by_namespace(entry.get("seed_kv") or {}, namespace, entry).items():
        for key, value in values.items():
            product.services.kv.put(owner, key, value)
    for owner, files in by_namespace(entry.get("seed_namespace_files") or {}, namespace, entry).items():
        for path, content in files.items():
            place = f"kestra:///{owner.replace('.', '/')}/_files/{path.lstrip('/')}"
            product.services.storage.put(place, content_of(content))


def content_of(content: Any) -> bytes:
    """Give the bytes of a seeded file."""
    found = data.built(content)
    return found.content if isinstance(found, data.FileData) else str(found).encode()


def by_namespace(seeds: Any, namespace: str, entry: Entry) -> dict[str, Mapping[str, Any]]:
    """Sort seeds by namespace: a list of entries, a map by namespace, or a plain map for the entry's own."""
    if isinstance(seeds, list):
        sorted_: dict[str, dict[str, Any]] = {}
        for one in seeds:
            name = one["key"] if "key" in one else one["path"]
            sorted_.setdefault(one.get("namespace", namespace), {})[name] = one.get(
                "value", one.get("content")
            )
        return dict(sorted_)
    if seeds and all(
        isinstance(value, Mapping) and looks_like_namespace(key) for key, value in seeds.items()
    ):
        return dict(seeds)
    return {namespace: seeds} if seeds else {}


def looks_like_namespace(key: str) -> bool:
    """Say whether a key names a namespace rather than a value."""
    return bool(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", key))


def surroundings(entry: Entry) -> Surroundings:
    """Read what an entry wants around the engine."""
    globals_ = {**TEST_GLOBALS, **(entry.get("globals") or {})}
    environment = data.environment(entry.get("env") or {}, asserted_text(entry))
    return Surroundings(environment, globals_, None if keyless(entry) else TEST_KEY)


def keyless(entry: Entry) -> bool:
    """Read `config`, of which this runner knows one setting for flows."""
    config = str(entry.get("config") or "")
    if config and not config.startswith("no encryption key configured"):
        raise data.NotUnderstood(f"config {config!r}")
    return bool(config)


def asserted_text(entry: Entry) -> str | None:
    """Give the longest text that an output must equal: what a description calls the asserted value."""
    outputs = (entry.get("expected") or {}).get("outputs") or ()
    texts = [matcher["equals"] for matcher in outputs if isinstance(matcher.get("equals"), str)]
    return max(texts, key=len, default=None)
