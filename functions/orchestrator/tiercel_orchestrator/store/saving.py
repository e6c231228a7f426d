"""What a unit of work writes, as columns."""

from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.plans import Key, Named
from tiercel_orchestrator.store.tables import Saving
from tiercel_orchestrator.store.unit import Unit


class Writing:
    """A unit of work on its way to the database; `fresh`: the plans that are there once it is committed."""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.fresh: dict[Key, Named] = {}

    def saving(self) -> Saving:
        """Give all that is to be written."""
        unit, saving = self.unit, self.unit.saving
        saving.new_executions = [codec.execution_to_columns(one) for one in unit.created_executions.values()]
        saving.executions = [codec.execution_to_columns(one) for one in unit.changed_executions.values()]
        saving.new_runs = [self._columns(run) for run in unit.created.values()]
        saving.runs = [self._columns(run) for run in unit.changed.values()]
        return saving

    def _columns(self, run: TaskRun) -> codec.Columns:
        columns = codec.task_run_to_columns(run, self._plan(run))
        if lease := self.unit.leases.get(run.id):
            columns["owner"], columns["lease_until"] = lease
        return columns

    def _plan(self, run: TaskRun) -> str:
        """Give the name of a scope's plan, which is written once."""
        if run.frame is None:
            return ""
        key = (run.id, run.attempt)
        here = self.unit.named.get(key)
        if here is not None and here.plan is run.frame.plan and here.name:
            return here.name
        text = codec.plan_to_text(run.frame.plan)
        name = codec.name_of(text)
        self.unit.saving.plans.append({"task_run_id": run.id, "attempt": run.attempt, "plan": text})
        self.fresh[key] = Named(name, run.frame.plan)
        return name
