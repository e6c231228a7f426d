"""Tasks of `io.kestra.plugin.scripts.shell`."""

from tiercel_scripts.languages import Language, commands_plugin, script_plugin

SHELL = Language(module=__name__, title="shell", image="ubuntu")

Script = script_plugin(SHELL)
Commands = commands_plugin(SHELL)
