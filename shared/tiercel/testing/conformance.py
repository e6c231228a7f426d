"""What every plugin has to be: documented, typed, describable; a family's tests call it for all of theirs."""

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tiercel.plugin import BasePlugin, JsonObject

SECRET_NAME = re.compile(
    r"(password|passphrase|passwd|secret|token|apiKey|secretKey|privateKey)$", re.IGNORECASE
)
NOT_SECRET = re.compile(r"(continuation|next|page|sync|nextPage)Token$", re.IGNORECASE)


def check_plugin(plugin: type[BasePlugin[Any, Any]]) -> list[str]:
    """Give what is wrong with a plugin, a sentence each; an empty list means that it conforms."""
    return [
        f"{plugin.__name__}: {problem}"
        for check in (check_naming, check_run, check_schemas, check_secrets)
        for problem in check(plugin)
    ]


def check_naming(plugin: type[BasePlugin[Any, Any]]) -> Iterator[str]:
    """Check the docstring and the type ids."""
    docstring = plugin.__doc__ or ""
    if not docstring.strip().partition("\n")[0].endswith("."):
        yield "begin its docstring with one sentence in the imperative, which is its title in the docs."
    if not plugin.task_types:
        yield "name its type ids in `task_types`, the current one first."
    if len(set(plugin.task_types)) < len(plugin.task_types):
        yield "`task_types` names a type twice; remove one."
    for type_id in plugin.task_types:
        if not re.fullmatch(r"[a-z][\w-]*(\.[\w-]+)+(\$\w+)?", type_id):
            yield f"'{type_id}' is no type id; write it as Kestra does, dots between its parts."


def check_run(plugin: type[BasePlugin[Any, Any]]) -> Iterator[str]:
    """Check that there is something to run."""
    if plugin.run is BasePlugin.run:
        yield "declare `run`."
    elif list(inspect.signature(plugin.run).parameters) != ["self", "params", "context"]:
        yield "give `run` the parameters (self, params, context)."


def check_schemas(plugin: type[BasePlugin[Any, Any]]) -> Iterator[str]:
    """Check that parameters and outputs can be described, and are."""
    for name, schema in (("parameter", plugin.parameter_schema()), ("output", plugin.output_schema())):
        try:
            json.dumps(schema, allow_nan=False)
        except (TypeError, ValueError) as error:
            yield f"its {name} schema is no JSON ({error}); use JSON values as defaults."
        for path, described in properties_of(schema):
            if not described.get("description"):
                yield f"describe the {name} `{path}` with Field(description=…)."


def check_secrets(plugin: type[BasePlugin[Any, Any]]) -> Iterator[str]:
    """Check that what is named like a secret is typed as one, or its reason is given."""
    for path, schema in properties_of(plugin.parameter_schema()):
        name = path.rpartition(".")[2]
        looks_secret = SECRET_NAME.search(name) and not NOT_SECRET.search(name)
        if (
            looks_secret
            and takes_text(schema)
            and not is_secret(schema)
            and name not in plugin.catalog_differences
        ):
            yield f"type `{path}` as SecretStr, so that it is masked, or say in catalog_differences why not."


def properties_of(schema: JsonObject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the properties of a schema and of the models it refers to, with their paths."""
    for name, found in schema.get("properties", {}).items():
        yield name, found
    for model, definition in schema.get("$defs", {}).items():
        for name, found in definition.get("properties", {}).items():
            yield f"{model}.{name}", found


def choices_of(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give a schema's alternatives, or itself."""
    return list(schema.get("anyOf", [schema]))


def takes_text(schema: Mapping[str, Any]) -> bool:
    """Say whether a property takes a free text."""
    return any(choice.get("type") == "string" and "enum" not in choice for choice in choices_of(schema))


def is_secret(schema: Mapping[str, Any]) -> bool:
    """Say whether a property is declared secret."""
    return any(choice.get("writeOnly") for choice in choices_of(schema))
