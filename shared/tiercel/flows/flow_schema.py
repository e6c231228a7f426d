"""The properties of a flow and of what it declares, as JSON schemas (Kestra 1.3's `AbstractFlow`, `Input` …).

Marks stand for what has a reader of its own: `x-task`, `x-input`, `x-trigger`, `x-condition`, `x-labels` ….
`x-whole`: expressions may stand inside this value, but not for the whole of it.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Properties: TypeAlias = dict[str, Any]

ANY: Properties = {}
TEXT = {"type": "string"}
STATIC_TEXT = {"type": "string", "x-static": True}
FLAG = {"type": "boolean", "x-static": True}
INTEGER = {"type": "integer", "x-static": True}
DURATION = {"type": "string", "format": "duration"}
STATIC_DURATION = {"type": "string", "format": "duration", "x-static": True}
MAP = {"type": "object", "x-whole": True}
LABELS = {"x-labels": True}
RETRY = {"x-retry": True}
TASKS = {"type": "array", "items": {"x-task": True}, "x-static": True}
WORKER_GROUP = {"x-worker-group": True}

LEVELS = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]
STATES = [
    "CREATED", "SUBMITTED", "RUNNING", "PAUSED", "RESTARTED", "KILLING", "SUCCESS", "WARNING", "FAILED",
    "KILLED", "CANCELLED", "QUEUED", "RETRYING", "RETRIED", "SKIPPED", "BREAKPOINT", "RESUBMITTED",
]  # fmt: skip


def choice(*values: str) -> Properties:
    """Give the schema of a text that is one of a few."""
    return {"type": "string", "enum": list(values), "x-static": True}


def text(pattern: str, limit: int, remedy: str) -> Properties:
    """Give the schema of an id."""
    return {**STATIC_TEXT, "pattern": pattern, "minLength": 1, "maxLength": limit, "x-remedy": remedy}


def a_map(required: list[str], properties: Properties) -> Properties:
    """Give the schema of a map that has these properties and no others."""
    closed = {"additionalProperties": False, "x-whole": True}
    return {"type": "object", "required": required, "properties": properties, **closed}


def a_list(items: Properties, **more: Any) -> Properties:
    """Give the schema of a list."""
    return {"type": "array", "items": items, "x-whole": True, **more}


FLOW_ID = text(
    r"^[a-zA-Z0-9][a-zA-Z0-9._-]*$",
    100,
    "begin with a letter or digit, then letters, digits, dots, hyphens, underscores",
)
NAMESPACE = text(
    r"^[a-z0-9][a-z0-9._-]*$",
    150,
    "begin with a lower-case letter or digit, then those, dots, hyphens, underscores",
)
TASK_ID = text(
    r"^[a-zA-Z0-9][a-zA-Z0-9_-]*$",
    256,
    "begin with a letter or digit, then letters, digits, hyphens, underscores",
)
INPUT_ID = text(
    r"^[a-zA-Z0-9][.a-zA-Z0-9_-]*$",
    256,
    "begin with a letter or digit, then letters, digits, dots, hyphens, underscores",
)
TYPE = {**STATIC_TEXT}

TASK: Properties = {
    "id": TASK_ID,
    "type": TYPE,
    "version": STATIC_TEXT,
    "pluginDefaultsRef": STATIC_TEXT,
    "description": STATIC_TEXT,
    "retry": RETRY,
    "timeout": DURATION,
    "disabled": FLAG,
    "workerGroup": WORKER_GROUP,
    "logLevel": choice(*LEVELS),
    "allowFailure": FLAG,
    "logToFile": FLAG,
    "runIf": TEXT,
    "allowWarning": FLAG,
    "taskCache": a_map(["enabled"], {"enabled": FLAG, "ttl": STATIC_DURATION}),
    "assets": MAP,
}
"""What every task takes, beside the properties of its type."""

TRIGGER: Properties = {
    "id": TASK_ID,
    "type": TYPE,
    "version": STATIC_TEXT,
    "pluginDefaultsRef": STATIC_TEXT,
    "description": STATIC_TEXT,
    "conditions": a_list({"x-condition": True}),
    "disabled": FLAG,
    "workerGroup": WORKER_GROUP,
    "logLevel": choice(*LEVELS),
    "minLogLevel": choice(*LEVELS),
    "labels": LABELS,
    "stopAfter": a_list(choice(*STATES)),
    "logToFile": FLAG,
    "failOnTriggerError": FLAG,
    "allowConcurrent": FLAG,
    "assets": MAP,
    "when": TEXT,
}
"""What every trigger takes, beside the properties of its type."""

CONDITION: Properties = {"type": TYPE}
"""What every condition takes, beside the properties of its type."""

INPUT_TYPES = (
    "STRING", "ENUM", "SELECT", "INT", "FLOAT", "BOOLEAN", "BOOL", "DATETIME", "DATE", "TIME", "DURATION",
    "FILE", "JSON", "URI", "SECRET", "ARRAY", "MULTISELECT", "YAML", "EMAIL", "FORM",
)  # fmt: skip

INPUT: Properties = {
    "id": INPUT_ID,
    "name": STATIC_TEXT,
    "type": choice(*INPUT_TYPES),
    "description": STATIC_TEXT,
    "dependsOn": a_map(["inputs"], {"inputs": a_list(STATIC_TEXT), "condition": TEXT}),
    "required": FLAG,
    "defaults": ANY,
    "prefill": ANY,
    "displayName": STATIC_TEXT,
}
"""What every input takes."""

_NUMBERS: Properties = {
    "min": {"type": "number", "x-static": True},
    "max": {"type": "number", "x-static": True},
}
_MOMENTS: Properties = {"after": STATIC_TEXT, "before": STATIC_TEXT}
_OPTIONS: Properties = {
    "values": a_list(STATIC_TEXT, minItems=1),
    "expression": TEXT,
    "allowCustomValue": FLAG,
    "autoSelectFirst": FLAG,
}

INPUT_PROPERTIES: Mapping[str, Properties] = {
    "STRING": {"validator": STATIC_TEXT},
    "SECRET": {"validator": STATIC_TEXT},
    "INT": _NUMBERS,
    "FLOAT": _NUMBERS,
    "DATE": _MOMENTS,
    "DATETIME": _MOMENTS,
    "TIME": _MOMENTS,
    "DURATION": {"min": STATIC_DURATION, "max": STATIC_DURATION},
    "FILE": {"allowedFileExtensions": a_list(STATIC_TEXT), "extension": STATIC_TEXT},
    "ENUM": {"values": a_list(STATIC_TEXT, minItems=1)},
    "SELECT": {**_OPTIONS, "isRadio": FLAG},
    "MULTISELECT": {**_OPTIONS, "itemType": choice(*INPUT_TYPES), "options": a_list(STATIC_TEXT)},
    "ARRAY": {"itemType": choice(*INPUT_TYPES)},
    "FORM": {"inputs": a_list({"x-input": True})},
}
"""What an input of a type takes beside; types that are not here take nothing more."""

INPUT_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "ENUM": ("values",),
    "ARRAY": ("itemType",),
    "FORM": ("inputs",),
}

OUTPUT = a_map(
    ["id", "value"],
    {
        "id": INPUT_ID,
        "value": ANY,
        "type": choice(*INPUT_TYPES),
        "description": STATIC_TEXT,
        "displayName": STATIC_TEXT,
        "required": FLAG,
    },
)

_RETRY: Properties = {
    "maxDuration": STATIC_DURATION,
    "maxAttempts": {**INTEGER, "minimum": 1},
    "maxAttempt": {**INTEGER, "minimum": 1},
    "warningOnRetry": FLAG,
    "behavior": choice("RETRY_FAILED_TASK", "CREATE_NEW_EXECUTION"),
}


def _retry(kind: str, required: list[str], **properties: Properties) -> Properties:
    return a_map(["type", *required], {"type": choice(kind), **_RETRY, **properties})


RETRY_SCHEMA: Properties = {
    "discriminator": {
        "propertyName": "type",
        "mapping": {
            "constant": _retry("constant", ["interval"], interval=STATIC_DURATION),
            "exponential": _retry(
                "exponential",
                ["interval", "maxInterval"],
                interval=STATIC_DURATION,
                maxInterval=STATIC_DURATION,
                delayFactor={"type": "number", "x-static": True},
            ),
            "random": _retry(
                "random",
                ["minInterval", "maxInterval"],
                minInterval=STATIC_DURATION,
                maxInterval=STATIC_DURATION,
            ),
        },
    },
    "oneOf": [MAP],
    "x-whole": True,
}

SLA_SCHEMA: Properties = {
    "discriminator": {
        "propertyName": "type",
        "mapping": {
            kind: a_map(
                ["id", "type", "behavior", *properties],
                {
                    "id": STATIC_TEXT,
                    "type": choice(kind),
                    "behavior": choice("FAIL", "CANCEL", "NONE"),
                    "labels": LABELS,
                    **properties,
                },
            )
            for kind, properties in (
                ("MAX_DURATION", {"duration": STATIC_DURATION}),
                ("EXECUTION_ASSERTION", {"assert": TEXT}),
            )
        },
    },
    "oneOf": [MAP],
    "x-whole": True,
}

CHECK = a_map(
    ["message"],
    {
        "condition": TEXT,
        "when": TEXT,
        "message": TEXT,
        "style": choice("ERROR", "SUCCESS", "WARNING", "INFO"),
        "behavior": choice("BLOCK_EXECUTION", "FAIL_EXECUTION", "CREATE_EXECUTION"),
    },
)

PLUGIN_DEFAULT = a_map(["type"], {"type": STATIC_TEXT, "ref": STATIC_TEXT, "forced": FLAG, "values": MAP})

FLOW: Properties = a_map(
    ["id", "namespace", "tasks"],
    {
        "id": FLOW_ID,
        "namespace": NAMESPACE,
        "tenantId": STATIC_TEXT,
        "revision": {**INTEGER, "minimum": 1},
        "updated": STATIC_TEXT,
        "description": STATIC_TEXT,
        "inputs": a_list({"x-input": True}),
        "outputs": a_list(OUTPUT),
        "disabled": FLAG,
        "deleted": FLAG,
        "labels": LABELS,
        "variables": MAP,
        "workerGroup": WORKER_GROUP,
        "tasks": TASKS,
        "errors": TASKS,
        "finally": TASKS,
        "listeners": a_list(
            a_map(
                ["tasks"],
                {"conditions": a_list({"x-condition": True}), "description": STATIC_TEXT, "tasks": TASKS},
            )
        ),
        "afterExecution": TASKS,
        "triggers": a_list({"x-trigger": True}),
        "pluginDefaults": a_list(PLUGIN_DEFAULT),
        "taskDefaults": a_list(PLUGIN_DEFAULT),
        "concurrency": a_map(
            ["limit"], {"limit": {**INTEGER, "minimum": 1}, "behavior": choice("QUEUE", "CANCEL", "FAIL")}
        ),
        "retry": RETRY,
        "sla": a_list(SLA_SCHEMA),
        "checks": a_list(CHECK),
    },
)
"""What a flow takes."""
