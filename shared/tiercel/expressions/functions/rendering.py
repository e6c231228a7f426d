"""Functions that render again, and that show what there is."""

from typing import Any

from tiercel.expressions.runtime import Run
from tiercel.expressions.values import json_text

SHORTEST_MASKED = 4


def render(run: Run, to_render: Any, recursive: Any = True) -> Any:
    """Render a text that holds templates, or all texts of a map or list, until nothing is left to render."""
    return run.render(to_render, recursive is not False)


def render_once(run: Run, to_render: Any) -> Any:
    """Render once, and leave what comes of it alone."""
    return run.render(to_render, False)


def fetch_context(run: Run) -> str:
    """Write all variables as JSON, without the secrets that this rendering has read."""
    text = json_text(run.everything(), run)
    for secret in sorted(run.secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_MASKED:
            text = text.replace(json_text(secret, run)[1:-1], "******")
    return text
