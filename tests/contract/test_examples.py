"""Every plugin has an example, and every example is a flow that validates and runs."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.contract.families import DASHBOARDS, EXAMPLES, PLUGINS, SHOWN, TEMPLATES, Plugin, registry
from tests.unit.cloud.emulator import moto_server, s3_client
from tests.unit.core.web import Route, serving
from tiercel import clock
from tiercel.flows.reading import problems_of
from tiercel.registry import Registry
from tiercel.validation import validate
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.starting import StartRequest

SECONDS = 60
TYPE = re.compile(r"^\s*(?:- )?type: (io\.kestra\.\S+)$", re.MULTILINE)
WARNS = {"Blocks.yaml"}
"""Examples that show a failure that is forgiven."""

each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parts[-3]}/{path.stem}")


@pytest.fixture(scope="module")
def catalog() -> Registry:
    return registry()


@pytest.fixture(scope="module")
def s3() -> Iterator[Mapping[str, str]]:
    with moto_server() as endpoint:
        s3_client(endpoint).create_bucket(Bucket="examples")
        yield {"bucket": "examples", "endpoint": endpoint, "accessKey": "test", "secretKey": "test"}


@pytest.fixture(scope="module")
def web() -> Iterator[Mapping[str, str]]:
    routes: dict[str, Route] = {
        "/json": lambda handler: handler.give(200, handler.web.asked[-1].body),
        "/file.csv": lambda handler: handler.give(200, b"a,b\n"),
        "/events": lambda handler: handler.give_open_end(iter([b'data: {"text": "hi"}\n\n'])),
        "/graphql": lambda handler: handler.give_json({"data": {"person": {"name": "ann"}}}),
    }
    with serving(routes) as found:
        yield {"web": found.url}


@pytest.mark.parametrize("plugin", [pytest.param(plugin, id=plugin.task_types[0]) for _, plugin in PLUGINS])
def test_every_plugin_has_an_example(plugin: Plugin) -> None:
    shown = {name for example in SHOWN for name in TYPE.findall(example.read_text(encoding="utf-8"))}
    # what stands behind a `$` is a part of the type before it
    assert plugin.task_types[0].partition("$")[0] in shown


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_chart_of_an_example_validates(dashboard: Path, catalog: Registry) -> None:
    charts = yaml.safe_load(dashboard.read_text(encoding="utf-8"))["charts"]
    for chart in charts:
        own = {name: value for name, value in chart.items() if name not in ("id", "type", "chartOptions")}
        plugin = catalog.load(catalog.plugin(chart["type"]))
        validate(plugin, own, chart["type"])
        if "data" in own:
            assert catalog.plugin(own["data"]["type"]).kind == "other"


@each_example
def test_every_example_validates(example: Path, catalog: Registry) -> None:
    assert problems_of(example.read_text(encoding="utf-8"), catalog) == []


@each_example
def test_every_example_runs(
    example: Path, catalog: Registry, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    servers = {"S3": "s3", "Http": "web"}
    inputs = request.getfixturevalue(servers[example.stem]) if example.stem in servers else {}
    state = asyncio.run(run_example(example, catalog, tmp_path, inputs))
    assert state == ("WARNING" if example.name in WARNS else "SUCCESS")


async def run_example(example: Path, catalog: Registry, home: Path, inputs: Mapping[str, str]) -> str:
    """Run a flow to its end on an engine that knows the other examples too, and give its state."""
    async with open_engine(home, registry=catalog) as engine:
        flows = {
            path: await engine.in_store(engine.library.put, path.read_text(encoding="utf-8"), clock.now())
            for path in EXAMPLES
        }
        for path in TEMPLATES:
            await engine.operations.put_template(path.read_text(encoding="utf-8"), str(path))
        flow = flows[example]
        started = await engine.start(StartRequest(flow.namespace, flow.id, inputs=inputs))
        async with asyncio.timeout(SECONDS):
            await engine.wait_until_idle(started.id)
        return str((await engine.execution(started.id)).state)
