"""Tasks of `io.kestra.plugin.core.kv`: the key-value store, which outlives executions."""

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.flows.values import as_text
from tiercel.kv.kinds import Kind, read_value
from tiercel.namespaces import is_below
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, Typed, success

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
    value: Typed = Field(
        description="The value; `kvType` says how its text is read. Without it, one whole expression keeps "
        "its type, and anything else is a text."
    )
    namespace: str = Field(OWN_NAMESPACE, description="Namespace that holds the key.")
    overwrite: bool = Field(True, description="Whether an existing key may be replaced; if not, that fails.")
    ttl: timedelta | None = Field(None, description="How long the entry lives; for ever if left out.")
    kv_type: Kind | None = Field(
        None, description="What the text stands for; that of the value itself if left out."
    )


class Set(BasePlugin[SetParams]):
    """Keep a value under a key."""

    task_types = ("io.kestra.plugin.core.kv.Set",)

    def run(self, params: SetParams, context: ExecutionContext) -> PluginOutput:
        kind = params.kv_type
        context.kv.put(
            context.services.key_namespace(context.run, params.namespace),
            params.key,
            params.value if kind is None else read_value(as_text(params.value), kind),
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
        namespace = context.services.key_namespace(context.run, params.namespace)
        entry = context.kv.get(namespace, params.key, inherited=namespace == context.run.namespace)
        require(entry is not None, params.key, params.namespace, params.error_on_missing)
        return success(GetOutput(value=entry.value if entry else None))


class DeleteOutput(BaseOutput):
    deleted: bool = Field(description="Whether the key existed.")


class Delete(BasePlugin[KeyParams, DeleteOutput]):
    """Remove a key and its value."""

    task_types = ("io.kestra.plugin.core.kv.Delete",)

    def run(self, params: KeyParams, context: ExecutionContext) -> PluginOutput:
        deleted = context.kv.delete(context.services.key_namespace(context.run, params.namespace), params.key)
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
        namespace = context.services.key_namespace(context.run, params.namespace)
        return success(GetKeysOutput(keys=sorted(context.kv.keys(namespace, params.prefix or ""))))


class PutParams(BaseParams):
    key: str = Field(description="Name under which the value is kept.")
    value: Any = Field(description="The value, of any type.")
    namespace: str = Field(OWN_NAMESPACE, description="Namespace that holds the key.")
    error_on_missing: bool = Field(False, description="Whether a key that does not exist yet is a failure.")


class Put(BasePlugin[PutParams]):
    """Keep a value of any type under a key."""

    task_types = ("io.kestra.plugin.core.kv.Put",)

    def run(self, params: PutParams, context: ExecutionContext) -> PluginOutput:
        namespace = context.services.key_namespace(context.run, params.namespace)
        if params.error_on_missing:
            require(context.kv.get(namespace, params.key) is not None, params.key, namespace, True)
        context.kv.put(namespace, params.key, params.value)
        return success()


class Key(BaseParams):
    """Which keys to remove."""

    type: Literal["key"] = Field("key", description="Remove keys.")
    expired_only: bool = Field(True, description="Whether only keys past their `ttl` are removed.")


class Version(BaseParams):
    """Which earlier versions to remove; a store keeps none, so there is nothing to do."""

    type: Literal["version"] = Field("version", description="Remove earlier versions of keys.")
    before: str | None = Field(None, description="Remove versions that were written before this date.")
    keep_amount: int | None = Field(None, ge=0, description="How many versions of each key stay.")


class PurgeParams(BaseParams):
    key_pattern: str | None = Field(None, description="Which keys: `*` is any text, `?` any letter.")
    namespaces: list[str] | None = Field(None, description="Of which namespaces; of all, if left out.")
    namespace_pattern: str | None = Field(None, description="Of which namespaces, as a pattern.")
    behavior: Annotated[Key | Version, Discriminator("type")] = Field(
        default_factory=Key, description="What to remove; keys past their `ttl`, if left out."
    )
    include_child_namespaces: bool = Field(True, description="Whether `namespaces` means those below, too.")
    expired_only: bool | None = Field(None, description="Older way to write `behavior.expiredOnly`.")


class PurgeOutput(BaseOutput):
    size: int = Field(description="How many keys were removed.")


class PurgeKV(BasePlugin[PurgeParams, PurgeOutput]):
    """Remove keys for good, those past their time to live unless told otherwise."""

    task_types = ("io.kestra.plugin.core.kv.PurgeKV",)

    def run(self, params: PurgeParams, context: ExecutionContext) -> PluginOutput:
        if params.namespaces is not None and params.namespace_pattern is not None:
            raise TaskFailed("`namespaces` and `namespacePattern` exclude each other; leave one out.")
        expired_only = params.expired_only
        if expired_only is None:
            if isinstance(params.behavior, Version):
                return success(PurgeOutput(size=0))
            expired_only = params.behavior.expired_only
        chosen = [name for name in context.kv.namespaces() if chooses(params, name)]
        size = context.kv.purge(chosen, params.key_pattern or "*", expired_only=expired_only)
        return success(PurgeOutput(size=size))


def chooses(params: PurgeParams, namespace: str) -> bool:
    """Say whether a purge is about a namespace."""
    if params.namespace_pattern is not None:
        # brackets are letters, as in a key's pattern
        return fnmatchcase(namespace, params.namespace_pattern.replace("[", "[[]"))
    if params.namespaces is None:
        return True
    children = params.include_child_namespaces
    return any(namespace == one or (children and is_below(namespace, one)) for one in params.namespaces)
