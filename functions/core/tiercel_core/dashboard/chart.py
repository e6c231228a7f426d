"""The charts of a dashboard."""

from typing import ClassVar, Generic, Literal

from pydantic import Field

from tiercel.plugin import BaseParams, JsonObject, P, Static
from tiercel_core.declarations import Declaration


class Chart(Declaration[P], Generic[P]):
    """Describe one chart of a dashboard."""

    kind: ClassVar[str] = "chart"


class DataFilter(BaseParams):
    type: Static[str] = Field(description="What is shown, such as ….dashboard.data.Executions.")
    columns: Static[dict[str, JsonObject] | None] = Field(
        None, description="The columns by name, each with its field and, perhaps, how it is summed up."
    )
    where: Static[list[JsonObject] | None] = Field(None, description="Which rows count; all of the filters.")
    order_by: Static[list[JsonObject] | None] = Field(None, description="The order of the rows.")


class DataFilterKPI(BaseParams):
    type: Static[str] = Field(description="What is counted, such as ….dashboard.data.ExecutionsKPI.")
    columns: Static[JsonObject | None] = Field(None, description="The field, and how it is summed up.")
    numerator: Static[list[JsonObject] | None] = Field(
        None, description="Which of the rows count above the line of a ratio."
    )
    where: Static[list[JsonObject] | None] = Field(None, description="Which rows count at all.")


class DataChartParams(BaseParams):
    data: Static[DataFilter] = Field(description="What the chart shows.")


class Bar(Chart[DataChartParams]):
    """Draw bars side by side, or on top of each other."""

    task_types = ("io.kestra.plugin.core.dashboard.chart.Bar",)


class Pie(Chart[DataChartParams]):
    """Draw shares of a whole."""

    task_types = ("io.kestra.plugin.core.dashboard.chart.Pie",)


class Table(Chart[DataChartParams]):
    """Show rows and columns."""

    task_types = ("io.kestra.plugin.core.dashboard.chart.Table",)


class TimeSeries(Chart[DataChartParams]):
    """Draw values over time."""

    task_types = ("io.kestra.plugin.core.dashboard.chart.TimeSeries",)


class KPIParams(BaseParams):
    data: Static[DataFilterKPI] = Field(description="What the number counts.")


class KPI(Chart[KPIParams]):
    """Show one number, or the ratio of two."""

    task_types = ("io.kestra.plugin.core.dashboard.chart.KPI",)


class MarkdownSource(BaseParams):
    type: Static[Literal["FlowDescription", "Text"]] = Field(
        description="Where the text stands: in a flow's description, or here."
    )
    content: Static[str | None] = Field(None, description="The text, for the type Text.")
    namespace: Static[str | None] = Field(None, description="Namespace of the flow that is described.")
    flow_id: Static[str | None] = Field(None, description="Id of the flow that is described.")


class MarkdownParams(BaseParams):
    content: Static[str | None] = Field(None, description="Deprecated: use `source`.", deprecated=True)
    source: Static[MarkdownSource | None] = Field(None, description="Where the text comes from.")


class Markdown(Chart[MarkdownParams]):
    """Show a text with markup."""

    task_types = ("io.kestra.plugin.core.dashboard.chart.Markdown",)
    catalog_differences: ClassVar[dict[str, str]] = {
        "source": "one model has the properties of both types; the catalog shows the shared one only"
    }
