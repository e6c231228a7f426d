"""The one Dockerfile, built by buildah from a base of Debian's, and what it built, run.

Not among the tests that run by default: it takes minutes, root, buildah, and debootstrap or a base that
TIERCEL_TEST_BASE names (a directory that holds a root file system with Python and pip).
"""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.families import DIRECTORIES
from tiercel_orchestrator.cli.gateway import functions_of
from tools.image_size import COUNT, worded

pytestmark = pytest.mark.containers
ROOT = Path(__file__).parents[2]
FAMILY = "core"
BASE = """
FROM scratch
ADD base.tar /
RUN rm -f /usr/lib/python3*/EXTERNALLY-MANAGED && python3 -m pip install --quiet uv awslambdaric
"""
SHARED = [Path("/etc/ssl/certs"), Path("/etc/pip.conf")]
"""What a build needs of this machine to fetch packages as it does."""
ENVELOPE = {"taskType": "io.kestra.plugin.core.log.Log", "params": {"message": "from an image"}}


class Buildah:
    """Builds and runs images below a directory, without a daemon and without isolation of the network."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.options = ["--root", f"{directory}/images", "--runroot", f"{directory}/run"]
        self.volumes = [f"--volume={one}:{one}:ro" for one in SHARED if one.exists()]

    def __call__(self, verb: str, *arguments: str) -> str:
        """Run a verb and give what it printed."""
        command = ["buildah", *self.options, "--storage-driver", "vfs", verb, *arguments]
        environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout.strip()

    def build(self, directory: Path, tag: str, *options: str) -> None:
        """Build an image."""
        self("bud", "--layers", "--format", "docker", *self.volumes, *options, "--tag", tag, str(directory))

    def running(self, container: str, *command: str, **environment: str) -> list[str]:
        """Give the command that runs a program in a container."""
        settings = [f"--env={name}={value}" for name, value in environment.items()]
        head = ["buildah", *self.options, "--storage-driver", "vfs", "run", "--isolation", "chroot"]
        return [*head, *settings, container, "--", *command]


@pytest.fixture(scope="module")
def buildah() -> Iterator[Buildah]:
    if os.geteuid() != 0 or shutil.which("buildah") is None:
        pytest.skip("buildah is missing, or this is not root")
    given = os.environ.get("TIERCEL_TEST_BASE")
    if given is None and shutil.which("debootstrap") is None:
        pytest.skip("debootstrap is missing; or name a base in TIERCEL_TEST_BASE")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        root = Path(given) if given else directory / "root"
        if given is None:
            include = "--include=python3-minimal,python3-pip,ca-certificates"
            subprocess.run(["debootstrap", "--variant=minbase", include, "bookworm", str(root)], check=True)
        context = directory / "base"
        context.mkdir()
        tar = [
            "tar",
            "-C",
            str(root),
            "-cf",
            str(context / "base.tar"),
            "--exclude=./proc",
            "--exclude=./sys",
            ".",
        ]
        subprocess.run(tar, check=True)
        (context / "Dockerfile").write_text(BASE, encoding="utf-8")
        buildah = Buildah(directory)
        buildah.build(context, "localhost/base:1")
        yield buildah


@pytest.fixture(scope="module")
def container(buildah: Buildah, request: pytest.FixtureRequest) -> str:
    family, target = request.param
    bases = [f"--build-arg={name}_BASE=localhost/base:1" for name in ("LAMBDA", "SERVER")]
    tag = f"localhost/{family}:{target}"
    buildah.build(ROOT, tag, *bases, f"--build-arg=FAMILY={family}", "--target", target)
    return buildah("from", tag)


def sizes(buildah: Buildah, container: str) -> int:
    """Print how large what we put into an image is, and give how many files it has."""
    run = buildah.running(container, "python3", "-c", COUNT)
    counted = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    print(f"{container}: {worded(counted)}")  # noqa: T201 - what this test is for, too
    return int(counted.split()[1])


@pytest.mark.parametrize("container", [(FAMILY, "server")], indirect=True)
def test_the_server_image_answers_over_http_and_is_nobody(buildah: Buildah, container: str) -> None:
    sizes(buildah, container)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    serve = buildah.running(container, "python3", "-m", "tiercel.adapters.cloud_run", PORT=port)
    process = subprocess.Popen(serve)
    try:
        transport = httpx.HTTPTransport(retries=20)  # with growing pauses, until it listens
        with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/health", timeout=60).json()["family"] == FAMILY
            answer = client.post("/execute", json=ENVELOPE, timeout=60).json()
            assert answer["state"] == "SUCCESS", answer
    finally:
        process.terminate()
        process.wait()
    who = subprocess.run(buildah.running(container, "id", "-u"), capture_output=True, text=True, check=True)
    assert who.stdout.strip() == "65532"


@pytest.mark.parametrize("container", [(FAMILY, "lambda")], indirect=True)
def test_the_lambda_image_answers_through_the_runtime_api(
    buildah: Buildah, container: str, tmp_path: Path
) -> None:
    sizes(buildah, container)
    assert invoked(buildah, container, tmp_path, ENVELOPE)["state"] == "SUCCESS"


@pytest.mark.parametrize("container", [("orchestrator", "lambda")], indirect=True)
def test_the_orchestrator_s_image_holds_no_family_and_answers(
    buildah: Buildah, container: str, tmp_path: Path
) -> None:
    sizes(buildah, container)
    settings = {
        "TIERCEL_STORE": "/tmp/engine.db",
        "TIERCEL_JWT_SECRET": "a secret of more than thirty-two bytes",
        "TIERCEL_RESULTS_QUEUE_URL": "https://sqs.test/results",
    }
    answer = invoked(buildah, container, tmp_path, {"namespace": "n", "flowId": "nowhere"}, **settings)
    assert "There is no flow 'nowhere'" in answer["error"]["message"]
    source = f"id: f\nnamespace: n\ntasks:\n  - id: a\n    type: {ENVELOPE['taskType']}\n    message: x\n"
    answer = invoked(buildah, container, tmp_path, {"flow": source}, **settings)
    assert str(ENVELOPE["taskType"]) in answer["error"]["message"]


def invoked(buildah: Buildah, container: str, home: Path, event: Mapping[str, Any], **settings: str) -> Any:
    """Give what the handler in a container answers to an event, through the Runtime API."""

    async def work() -> Any:
        async with functions_of({"one": "function.handler"}, home) as functions:
            function = functions["one"]
            function.environment = {}
            function.command = buildah.running(
                container,
                *("sh", "-c", "cd /var/task && exec python3 -m awslambdaric function.handler"),
                AWS_LAMBDA_RUNTIME_API=f"127.0.0.1:{function.port}",
                AWS_LAMBDA_FUNCTION_NAME="one",
                LAMBDA_TASK_ROOT="/var/task",
                **settings,
            )
            return await function.invoke(event)

    return asyncio.run(work())


@pytest.mark.parametrize(
    "container", [(one.name, "lambda") for one in DIRECTORIES if one.name != FAMILY], indirect=True
)
def test_every_family_s_image_has_its_files_compiled(buildah: Buildah, container: str) -> None:
    assert sizes(buildah, container) > 1000
    code = "import glob, os; print([p for p in glob.glob('/var/task/tiercel*/*.py') if not glob.glob("
    code += "os.path.join(os.path.dirname(p), '__pycache__', os.path.basename(p)[:-3] + '.*.pyc'))])"
    run = buildah.running(container, "python3", "-c", code)
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip() == "[]"
