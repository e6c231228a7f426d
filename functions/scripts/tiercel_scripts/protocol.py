"""What a script says to its task: lines `::{"outputs": …, "metrics": …, "logs": …}::`, and plain ones."""

import json
import re
from typing import Any, TypeVar

from tiercel.context import LEVELS, ExecutionContext

T = TypeVar("T", dict[str, Any], list[Any])

MESSAGE = re.compile(r"^::(\{.*})::$")
METRIC_KINDS = ("counter", "timer", "gauge")


class Listener:
    """Take in a script's lines as they come: messages for what they hold, all other lines as log."""

    def __init__(self, context: ExecutionContext) -> None:
        self.context = context
        self.outputs: dict[str, Any] = {}
        self.error_lines = 0

    def on_stdout(self, line: str) -> None:
        """Take in a line of standard output."""
        self.take(line, "INFO")

    def on_stderr(self, line: str) -> None:
        """Take in a line of standard error."""
        self.error_lines += 1
        self.take(line, "ERROR")

    def take(self, line: str, level: str) -> None:
        """Take in one line; `level` is that of a line that is no message."""
        match = MESSAGE.match(line.strip())
        if not match:
            self.context.log.write(level, line)
            return
        try:
            message = json.loads(match[1])
        except ValueError as error:
            self.context.log.warn(f"A message of the script is no JSON ({error}): {line}")
            return
        self.outputs.update(self.part(message, "outputs", dict, "a map"))
        for metric in self.part(message, "metrics", list, "a list"):
            self.measure(metric)
        for entry in self.part(message, "logs", list, "a list"):
            self.log(entry)

    def part(self, message: dict[str, Any], name: str, kind: type[T], needed: str) -> T:
        """Give one part of a message; one of another kind is left out, with a warning."""
        found = message.get(name)
        if found is None:
            return kind()
        if isinstance(found, kind):
            return found
        self.context.log.warn(f"The `{name}` of a script's message are left out: write {needed}.")
        return kind()

    def measure(self, metric: Any) -> None:
        """Record a metric of the script."""
        try:
            name, kind, value = str(metric["name"]), metric.get("type", "counter"), float(metric["value"])
            tags = {str(key): str(tag) for key, tag in (metric.get("tags") or {}).items()}
        except (AttributeError, KeyError, TypeError, ValueError):
            kind = None
        if kind not in METRIC_KINDS:
            self.context.log.warn(
                f"A metric of the script is left out: {json.dumps(metric)}; it needs a name, a number as its "
                f"value, and one of {', '.join(METRIC_KINDS)} as its type."
            )
            return
        self.context.metric(name, value, kind, **tags)

    def log(self, entry: Any) -> None:
        """Write a log line of the script."""
        level, message = "INFO", str(entry)
        if isinstance(entry, dict):
            level, message = str(entry.get("level", "INFO")).upper(), str(entry.get("message", ""))
        self.context.log.write({"WARNING": "WARN"}.get(level, level if level in LEVELS else "INFO"), message)
