"""Flows by namespace, id and revision, read once."""

from dataclasses import replace
from datetime import datetime

from tiercel.errors import InvalidFlow
from tiercel.flows.catalog import Catalog
from tiercel.flows.models import Flow
from tiercel.flows.reading import read_flow
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.store.port import Store


class FlowLibrary:
    """The flows of a store, parsed. To be used from the store's thread."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self.store = store
        self.catalog = catalog
        self._flows: dict[tuple[str, str, int], Flow] = {}

    def put(self, source: str, now: datetime, file: str | None = None) -> Flow:
        """Read a flow, refuse it if it is not valid, and keep it; the same source keeps its revision."""
        flow = read_flow(source, catalog=self.catalog, file=file)
        revision = self.store.put_flow(flow.namespace, flow.id, source, now)
        return self.get(flow.namespace, flow.id, revision)

    def get(self, namespace: str, flow_id: str, revision: int | None = None) -> Flow:
        """Give a kept flow, the latest revision if none is named; `InvalidFlow` says that there is none."""
        if revision is not None and (known := self._flows.get((namespace, flow_id, revision))):
            return known
        found = self.store.flow_source(namespace, flow_id, revision)
        if found is None:
            named = f" in revision {revision}" if revision else ""
            raise InvalidFlow(f"There is no flow '{flow_id}' in namespace '{namespace}'{named}.")
        revision, source = found
        key = (namespace, flow_id, revision)
        if key not in self._flows:
            # valid when it was kept: a family that has gone since fails its tasks, not the whole execution
            flow = read_flow(source, catalog=self.catalog, strict=False)
            self._flows[key] = replace(flow, revision=revision)
        return self._flows[key]

    def of(self, execution: Execution) -> Flow:
        """Give the flow revision that an execution runs."""
        return self.get(execution.namespace, execution.flow_id, execution.revision)
