"""Tasks of `io.kestra.plugin.core.kv`: the key-value store, which outlives executions."""

import json
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, success

OWN_NAMESPACE = "{{ flow.namespace }}"


def require(found: bool, key: str, namespace: str, error_on_missing: bool) -> None:
    """Fail where a key is missing and the task asked for that."""
    if not found and error_on_missing:
        raise TaskFailed(
            f"No value found for key '{key}' in namespace '{namespace}' and `errorOnMissing` is set to true"
        )


class SetParams(BaseParams):
    key: str = Field(description="Name under which the value is kept.")
    kv_description: str | None = Field(None, description="What the entry is for, for people.")
    value: str = Field(description="The value; `kvType` says how its text is read.")
    namespace: str = Field(OWN_NAMESPACE, description="Namespace that holds the key.")
    overwrite: bool = Field(True, description="Whether an existing key may be replaced; if not, that fails.")
    ttl: timedelta | None = Field(None, description="How long the entry lives; for ever if left out.")
    kv_type: Literal["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"] | None = Field(
        None, description="What the text stands for; STRING if left out."
    )


READERS: dict[str, TypeAdapter[Any]] = {
    "NUMBER": TypeAdapter(int | float),
    "BOOLEAN": TypeAdapter(bool),
    "DATETIME": TypeAdapter(datetime),
    "DATE": TypeAdapter(date),
    "DURATION": TypeAdapter(timedelta),
}
KEPT_AS_TEXT = ("DATETIME", "DATE", "DURATION")


def read_value(text: str, kind: str) -> Any:
    """Read the text of a value as its type says; dates and durations are checked, and kept as text."""
    try:
        if kind == "JSON":
            return json.loads(text)
        value = READERS[kind].validate_python(text.strip()) if kind in READERS else text
    except (ValidationError, ValueError) as error:
        raise TaskFailed(f"The value `{text}` is no {kind}: change it, or the property `kvType`.") from error
    return text.strip() if kind in KEPT_AS_TEXT else value


class Set(BasePlugin[SetParams]):
    """Keep a value under a key."""

    task_types = ("io.kestra.plugin.core.kv.Set",)

    def run(self, params: SetParams, context: ExecutionContext) -> PluginOutput:
        kind = params.kv_type or "STRING"
        context.kv.put(
            params.namespace,
            params.key,
            read_value(params.value, kind),
            kind=kind,
            ttl=params.ttl,
            overwrite=params.overwrite,
            description=params.kv_description,
        )
        return success()


class KeyParams(BaseParams):
    key: str = Field(description="Name of the entry.")
    namespace: str = Field(OWN_NAMESPACE, description="Namespace that holds the key.")
    error_on_missing: bool = Field(False, description="Whether a missing key is a failure.")


class GetOutput(BaseOutput):
    value: Any = Field(None, description="The value; absent where the key is.")


class Get(BasePlugin[KeyParams, GetOutput]):
    """Read the value of a key."""

    task_types = ("io.kestra.plugin.core.kv.Get",)

    def run(self, params: KeyParams, context: ExecutionContext) -> PluginOutput:
        entry = context.kv.get(params.namespace, params.key)
        require(entry is not None, params.key, params.namespace, params.error_on_missing)
        return success(GetOutput(value=entry.value if entry else None))


class DeleteOutput(BaseOutput):
    deleted: bool = Field(description="Whether the key existed.")


class Delete(BasePlugin[KeyParams, DeleteOutput]):
    """Remove a key and its value."""

    task_types = ("io.kestra.plugin.core.kv.Delete",)

    def run(self, params: KeyParams, context: ExecutionContext) -> PluginOutput:
        deleted = context.kv.delete(params.namespace, params.key)
        require(deleted, params.key, params.namespace, params.error_on_missing)
        return success(DeleteOutput(deleted=deleted))


class GetKeysParams(BaseParams):
    prefix: str | None = Field(None, description="Give only keys that begin so.")
    namespace: str = Field(OWN_NAMESPACE, description="Namespace that holds the keys.")


class GetKeysOutput(BaseOutput):
    keys: list[str] = Field(description="The keys, in alphabetical order.")


class GetKeys(BasePlugin[GetKeysParams, GetKeysOutput]):
    """List the keys of a namespace."""

    task_types = ("io.kestra.plugin.core.kv.GetKeys",)

    def run(self, params: GetKeysParams, context: ExecutionContext) -> PluginOutput:
        return success(GetKeysOutput(keys=sorted(context.kv.keys(params.namespace, params.prefix or ""))))
