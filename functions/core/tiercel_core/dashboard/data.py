"""What a chart shows: executions, flows, logs, metrics or triggers, as columns or as one number."""

from typing import ClassVar

from tiercel_core.declarations import Declaration


class Data(Declaration):
    """Name a source of a chart's data; the chart says which columns it shows."""

    kind: ClassVar[str] = "other"


class Executions(Data):
    """Show executions."""

    task_types = ("io.kestra.plugin.core.dashboard.data.Executions",)


class ExecutionsKPI(Data):
    """Show one number about executions."""

    task_types = ("io.kestra.plugin.core.dashboard.data.ExecutionsKPI",)


class Flows(Data):
    """Show flows."""

    task_types = ("io.kestra.plugin.core.dashboard.data.Flows",)


class FlowsKPI(Data):
    """Show one number about flows."""

    task_types = ("io.kestra.plugin.core.dashboard.data.FlowsKPI",)


class Logs(Data):
    """Show log lines."""

    task_types = ("io.kestra.plugin.core.dashboard.data.Logs",)


class LogsKPI(Data):
    """Show one number about log lines."""

    task_types = ("io.kestra.plugin.core.dashboard.data.LogsKPI",)


class Metrics(Data):
    """Show metrics."""

    task_types = ("io.kestra.plugin.core.dashboard.data.Metrics",)


class MetricsKPI(Data):
    """Show one number about metrics."""

    task_types = ("io.kestra.plugin.core.dashboard.data.MetricsKPI",)


class Triggers(Data):
    """Show triggers."""

    task_types = ("io.kestra.plugin.core.dashboard.data.Triggers",)
