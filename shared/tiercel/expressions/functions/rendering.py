"""Functions that render again, and that show what there is."""

from typing import Any

from tiercel.expressions.json_writer import json_text
from tiercel.expressions.runtime import Run


def render(run: Run, to_render: Any, recursive: Any = True) -> Any:
    """Render a text that holds templates, or all texts of a map or list, until nothing is left to render."""
    return run.render(to_render, recursive is not False)


def render_once(run: Run, to_render: Any) -> Any:
    """Render once, and leave what comes of it alone."""
    return run.render(to_render, False)


def fetch_context(run: Run) -> str:
    """Write all variables as JSON, without the secrets that this rendering, or its task, has read."""
    from tiercel.masking import Masker

    masker = Masker()
    for secret in run.secrets:
        masker.add(secret)
    return run.services.masked(masker.text(json_text(run.everything(), run)))
