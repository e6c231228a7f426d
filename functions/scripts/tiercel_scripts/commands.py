"""What all script tasks share: their properties, and how their commands become a process."""

import os
import sys
from pathlib import Path
from typing import Generic, Literal

from pydantic import Field
from typing_extensions import TypeVar

from tiercel import processes, task_files
from tiercel.calling import in_thread
from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.plugin import (
    BaseOutput,
    BaseParams,
    BasePlugin,
    JsonObject,
    PluginOutput,
    Static,
    success,
    warning,
)
from tiercel.task_files import NamespaceFiles
from tiercel_scripts.protocol import Listener

PROCESS = "io.kestra.plugin.core.runner.Process"
DIFFERENCES = {"taskRunner": "the default is the Process runner: a function has no Docker engine beside it"}
OUTPUT_DIRECTORY = "outputs"


class CommandParams(BaseParams):
    """What every script task takes."""

    runner: Static[Literal["PROCESS", "DOCKER"] | None] = Field(
        None, description="Deprecated: use `taskRunner`.", json_schema_extra={"deprecated": True}
    )
    task_runner: Static[JsonObject | None] = Field(
        None, description=f"Where the commands run; `type: {PROCESS}` is what there is."
    )
    before_commands: list[str] | None = Field(None, description="Commands to run first, in the same shell.")
    env: dict[str, str] | None = Field(None, description="Variables of the environment.")
    warning_on_std_err: bool | None = Field(
        None,
        description="Whether a line on standard error makes the task end as WARNING.",
        json_schema_extra={"deprecated": True},
    )
    interpreter: list[str] = Field(
        ["/bin/sh", "-c"], description="What reads the commands, given as one text."
    )
    fail_fast: bool = Field(True, description="Whether the first command that fails ends the task.")
    namespace_files: NamespaceFiles | None = Field(
        None, description="Files of the namespace to lay out first."
    )
    input_files: JsonObject | str | None = Field(
        None, description="Files to lay out first: path to content or to the URI of a stored file."
    )
    output_files: list[str] | None = Field(None, description="Globs of the files to store afterwards.")
    output_directory: bool = Field(
        False,
        description="Deprecated: whether to store all that is written below $OUTPUT_DIR.",
        json_schema_extra={"deprecated": True},
    )
    target_os: Literal["LINUX", "WINDOWS", "AUTO"] = Field(
        "AUTO", alias="targetOS", description="System that the commands are for; Windows is not at hand."
    )
    docker: Static[JsonObject | None] = Field(
        None, description="Deprecated: without meaning here.", json_schema_extra={"deprecated": True}
    )
    container_image: str = Field(description="Image for container runners; the Process runner uses none.")


class CommandOutput(BaseOutput):
    vars: JsonObject = Field(description='Values that the commands printed as ::{"outputs": {…}}::.')
    exit_code: int = Field(description="Exit code of the commands.")
    output_files: dict[str, str] | None = Field(None, description="URIs of the stored files, by path.")
    task_runner: JsonObject | None = Field(
        None, description="What a runner has to tell; Process has nothing."
    )


C = TypeVar("C", bound=CommandParams, default=CommandParams)


class BaseCommandPlugin(BasePlugin[C, CommandOutput], Generic[C]):
    """Run commands in a process group of their own, in the task's directory."""

    async def run_commands(
        self, commands: list[str], params: C, context: ExecutionContext, env: dict[str, str] | None = None
    ) -> PluginOutput:
        """Run the commands to their end and give what they said."""
        check_runner(params, context)
        listener = Listener(context)
        laid_out = await in_thread(lambda: environment(params, context))
        ended = await processes.run(
            [*params.interpreter, text_of(commands, params)],
            cwd=context.directory,
            env={**laid_out, **(env or {}), **(params.env or {})},
            on_stdout=listener.on_stdout,
            on_stderr=listener.on_stderr,
            max_bytes=processes.OUTPUT_BYTES,
        )
        if ended.truncated:
            context.log.warn("The output was too long: what came last is not in the log.")
        if ended.code != 0:
            raise TaskFailed(
                f"The commands ended with exit code {ended.code}{signal_of(ended.code)}; the log has more.",
                data={"vars": listener.outputs, "exitCode": ended.code},
            )
        files = await in_thread(lambda: stored_files(params, context))
        output = CommandOutput(vars=listener.outputs, exit_code=0, output_files=files)
        return warning(output) if params.warning_on_std_err and listener.error_lines else success(output)


def check_runner(params: CommandParams, context: ExecutionContext) -> None:
    """Refuse what only a container or another system could do; say once that the image is not used."""
    kind = (params.task_runner or {}).get("type", PROCESS)
    if kind != PROCESS or params.runner == "DOCKER":
        asked = kind if kind != PROCESS else "runner: DOCKER"
        raise InvalidParameters(
            f"The task runner `{asked}` is not available: write `taskRunner: {{type: {PROCESS}}}`, "
            "and have what the commands need installed where the scripts family runs."
        )
    if params.target_os == "WINDOWS":
        raise InvalidParameters("`targetOS: WINDOWS` is not available: the commands run on Linux.")
    if "container_image" in params.model_fields_set:
        context.log.info(f"containerImage {params.container_image} is not used by the Process runner.")


def text_of(commands: list[str], params: CommandParams) -> str:
    """Join commands to the one text that the interpreter reads."""
    shell = Path(params.interpreter[0]).name in ("sh", "bash", "dash", "ash", "zsh", "ksh")
    first = ["set -e"] if params.fail_fast and shell else []
    return "\n".join([*first, *(params.before_commands or ()), *commands])


def environment(params: CommandParams, context: ExecutionContext) -> dict[str, str]:
    """Lay out the files, and give the variables that every script sees; `python` is the one that runs us."""
    task_files.lay_out_namespace(params.namespace_files, context)
    task_files.lay_out(params.input_files, context)
    variables = {"WORKING_DIR": str(context.directory)}
    if params.output_directory:
        directory = context.directory / OUTPUT_DIRECTORY
        directory.mkdir(exist_ok=True)
        variables["OUTPUT_DIR"] = str(directory)
    return {
        **variables,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def stored_files(params: CommandParams, context: ExecutionContext) -> dict[str, str]:
    """Store the files that the task names, and give their URIs by path."""
    files = task_files.collect(params.output_files, context)
    if params.output_directory:
        written = task_files.collect([f"{OUTPUT_DIRECTORY}/**/*"], context)
        files.update({path.removeprefix(f"{OUTPUT_DIRECTORY}/"): uri for path, uri in written.items()})
    return files


def signal_of(code: int) -> str:
    """Name the signal behind a negative exit code."""
    return f" (signal {-code})" if code < 0 else ""
