"""Work that cannot be interrupted inside this process, done in a child with limits.

Neither `re` nor jq can be stopped once begun: what may run away (see `regexes` and `jq_programs`) goes here.
The child gets no environment, a limit on memory and processor time, and is killed at the deadline.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget

MOST_SECONDS = 5.0


def isolated(script: str, request: dict[str, Any], budget: Budget, what: str) -> Any:
    """Run a script of this package with a request, and give its answer."""
    seconds = min(MOST_SECONDS, budget.remaining_seconds())
    command = [sys.executable, "-I", str(Path(__file__).with_name(script))]
    payload = json.dumps({"path": [part for part in sys.path if part], "seconds": seconds, **request})
    try:
        done = subprocess.run(
            command, input=payload.encode(), capture_output=True, timeout=seconds, env={}, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ExpressionError(f"{what} takes longer than {seconds:g} seconds: make it simpler") from error
    except OSError as error:
        raise ExpressionError(
            f"{what} may run without end, and no child process can be started to watch it"
        ) from error
    if done.returncode != 0:
        raise ExpressionError(
            f"{what} takes more than {seconds:g} seconds or too much memory: make it simpler"
        )
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ExpressionError(answer["error"])
    return answer["result"]
