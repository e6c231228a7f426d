"""Tasks of `io.kestra.plugin.scripts.python`."""

from typing import Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import PluginOutput
from tiercel_scripts import dependencies
from tiercel_scripts.commands import DIFFERENCES, BaseCommandPlugin, CommandParams
from tiercel_scripts.languages import Language, script_command

IMAGE = "python:3.13-slim"
PYTHON = Language(module=__name__, title="Python", image=IMAGE, program=("python",), suffix=".py")


class PythonParams(CommandParams):
    """What the tasks on Python take beside what all scripts take."""

    container_image: str = Field(
        IMAGE, description="Image for container runners; the Process runner uses none."
    )
    dependencies: list[str] | None = Field(None, description="Packages to install for this task.")
    python_version: str | None = Field(
        None, description="Version of Python; only the family's own is at hand."
    )
    dependency_cache_enabled: bool = Field(
        True, description="Without meaning here: the cache is always used."
    )
    package_manager: Literal["UV", "PIP"] = Field("UV", description="What installs the packages.")
    uv_auto_install_enabled: bool = Field(True, description="Without meaning here: pip stands in for uv.")
    uv_installer_version: str | None = Field(None, description="Without meaning here.")
    uv_installer_sha256: str | None = Field(None, description="Without meaning here.")

    async def installed(self, context: ExecutionContext) -> dict[str, str]:
        """Install what the script needs, and give the variables that make Python find it."""
        dependencies.check_version(self.python_version)
        if not self.dependencies:
            return {}
        return await dependencies.install(self.dependencies, self.package_manager, context)


class ScriptParams(PythonParams):
    script: str = Field(description="The script, as a text.")


class Script(BaseCommandPlugin[ScriptParams]):
    """Run a Python script that stands in the flow."""

    task_types = ("io.kestra.plugin.scripts.python.Script",)
    catalog_differences = DIFFERENCES

    async def run(self, params: ScriptParams, context: ExecutionContext) -> PluginOutput:
        env = await params.installed(context)
        with script_command(params.script, PYTHON, context.directory) as command:
            return await self.run_commands([command], params, context, env)


class CommandsParams(PythonParams):
    commands: list[str] = Field(description="The commands, run one after another in one shell.")


class Commands(BaseCommandPlugin[CommandsParams]):
    """Run commands that use Python."""

    task_types = ("io.kestra.plugin.scripts.python.Commands",)
    catalog_differences = DIFFERENCES

    async def run(self, params: CommandsParams, context: ExecutionContext) -> PluginOutput:
        return await self.run_commands(params.commands, params, context, await params.installed(context))
