"""Flows by namespace, id and revision, read once."""

import contextlib
from dataclasses import replace
from datetime import datetime

from tiercel.errors import InvalidFlow
from tiercel.flows.catalog import Catalog
from tiercel.flows.models import Flow
from tiercel.flows.reading import read_flow
from tiercel.flows.templates import expanded, read_template, uses_templates, with_defaults
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.store.port import Store
from tiercel_orchestrator.triggers.listening import Listener, listeners_of

FILLED_KEPT = 256


class FlowLibrary:
    """The flows of a store, parsed. To be used from the store's thread."""

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self.store = store
        self.catalog = catalog
        self._listening: list[Listener] | None = None
        self._flows: dict[tuple[str, str, int], Flow] = {}
        self._filled: dict[tuple[str, str, int, str], Flow] = {}

    def put(self, source: str, now: datetime, file: str | None = None) -> Flow:
        """Read a flow, refuse it if it is not valid, and keep it; the same source keeps its revision."""
        flow = read_flow(source, catalog=self.catalog, file=file)
        revision = self.store.put_flow(flow.namespace, flow.id, source, now)
        self._listening = None
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

    def listeners(self) -> list[Listener]:
        """Give the Flow triggers of all flows, as known since `look_again`."""
        if self._listening is None:
            self._listening = []
            for named in self.store.listening_flows():
                with contextlib.suppress(InvalidFlow):  # its family has gone, and nothing can start it
                    self._listening += listeners_of(self.get(*named))
        return self._listening

    def look_again(self) -> None:
        """Find out anew which flows listen: another process may have put one."""
        self._listening = None

    def heard(self, execution: Execution) -> frozenset[str]:
        """Give the states of an execution that some flow's trigger listens to."""
        listeners = self.listeners()
        if not listeners:
            return frozenset()
        here = (execution.namespace, execution.flow_id)
        return frozenset().union(*(one.states for one in listeners if one.hears(*here)))

    def of(self, execution: Execution, revision: int | None = None) -> Flow:
        """Give the flow as an execution runs it, or would run it in another revision."""
        flow = self.get(execution.namespace, execution.flow_id, revision or execution.revision)
        return self._with_templates(flow, execution) if uses_templates(flow) else flow

    def put_template(self, source: str, now: datetime, file: str | None = None) -> Flow:
        """Read a template, refuse it if it is not valid, and keep it."""
        template = read_template(source, self.catalog, file)
        self.store.put_template(template.namespace, template.id, source, now)
        return template

    def _with_templates(self, flow: Flow, execution: Execution) -> Flow:
        """Fill in the templates as they were when the execution was created: it keeps them to its end."""
        created = execution.history[0][1]
        key = (flow.namespace, flow.id, flow.revision, created)
        if key not in self._filled:

            def find(namespace: str, template_id: str) -> Flow | None:
                source = self.store.template_source(namespace, template_id, created)
                return with_defaults(source, flow, self.catalog) if source is not None else None

            if len(self._filled) >= FILLED_KEPT:
                self._filled.clear()
            self._filled[key] = expanded(flow, find)
        return self._filled[key]
