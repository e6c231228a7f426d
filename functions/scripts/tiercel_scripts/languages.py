"""Languages that differ only by data: a table row each, from which the tasks Script and Commands are made."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

from pydantic import Field, create_model

from tiercel.context import ExecutionContext
from tiercel.plugin import PluginOutput
from tiercel_scripts.commands import DIFFERENCES, BaseCommandPlugin, CommandParams

B = TypeVar("B", bound=BaseCommandPlugin[Any])


@dataclass(frozen=True, slots=True)
class Language:
    """One language. `program`: what runs a script's file; empty where the shell reads the script itself."""

    module: str
    title: str
    image: str
    program: tuple[str, ...] = ()
    suffix: str = ""


class ScriptParams(CommandParams):
    script: str = Field(description="The script, as a text.")


class CommandsParams(CommandParams):
    commands: list[str] = Field(description="The commands, run one after another in one shell.")


def script_plugin(language: Language) -> type[BaseCommandPlugin[ScriptParams]]:
    """Make the task Script of a language."""

    class Script(BaseCommandPlugin[ScriptParams]):
        async def run(self, params: ScriptParams, context: ExecutionContext) -> PluginOutput:
            with script_command(params.script, language, context.directory) as command:
                return await self.run_commands([command], params, context)

    return finished(Script, language, ScriptParams, f"Run a {language.title} script that stands in the flow.")


def commands_plugin(language: Language) -> type[BaseCommandPlugin[CommandsParams]]:
    """Make the task Commands of a language."""

    class Commands(BaseCommandPlugin[CommandsParams]):
        async def run(self, params: CommandsParams, context: ExecutionContext) -> PluginOutput:
            return await self.run_commands(params.commands, params, context)

    return finished(Commands, language, CommandsParams, f"Run commands that use {language.title}.")


def finished(plugin: type[B], language: Language, base: type[CommandParams], sentence: str) -> type[B]:
    """Give a made class the names and the parameters that a written one would have."""
    image: Any = (
        str,
        Field(language.image, description=CommandParams.model_fields["container_image"].description),
    )
    plugin.__module__, plugin.__doc__, plugin.__qualname__ = language.module, sentence, plugin.__name__
    plugin.params_type = create_model(
        base.__name__, __base__=base, __module__=language.module, container_image=image
    )
    name = language.module.rpartition(".")[2]
    plugin.task_types = (f"io.kestra.plugin.scripts.{name}.{plugin.__name__}",)
    plugin.catalog_differences = DIFFERENCES
    return plugin


@contextmanager
def script_command(script: str, language: Language, directory: Path) -> Iterator[str]:
    """Give the command that runs a script, whose file is gone afterwards."""
    if not language.program:
        yield script
        return
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=directory, suffix=language.suffix) as file:
        file.write(script)
        file.flush()
        yield " ".join(map(quote, (*language.program, file.name)))
