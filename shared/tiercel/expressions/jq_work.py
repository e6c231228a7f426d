"""One jq program at work; also run as a child process, so it imports nothing of tiercel."""

import json
import sys
from typing import Any

# jq's own doors to the outside, redefined before the program is read
SHUT = (
    "def env: {}; def input_filename: null; def get_search_list: []; "
    'def halt: error("halt is not available"); '
    'def halt_error: error("halt_error is not available"); def halt_error($code): halt_error; '
    'def modulemeta: error("modules are not available"); def input: error("there is no further input"); '
    "def inputs: empty; def debug: .; def debug($message): .; def stderr: .; {} as $ENV | (\n"
)


def perform(program: str, text: str, largest: int) -> list[Any]:
    """Give the results; a ValueError says what is wrong with the program."""
    try:
        import jq  # type: ignore[import-not-found]  # it has no stubs
    except ImportError:
        raise ValueError("`jq` needs the Python package jq: install tiercel-runtime[expressions]") from None
    try:
        compiled = jq.compile(f"{SHUT}{program}\n)")
        results, size = [], 0
        for result in compiled.input_text(text):
            size += len(json.dumps(result))
            if size > largest:
                raise ValueError(f"it gives more than {largest} characters")
            results.append(result)
    except ValueError as error:
        reason = str(error).partition("\n")[0][:300]
        raise ValueError(f"The jq program failed: {reason}") from error
    return results


def main() -> None:
    """Answer the request on standard input."""
    import resource

    request = json.load(sys.stdin)
    sys.path[:] = request["path"]
    resource.setrlimit(resource.RLIMIT_CPU, (int(request["seconds"]) + 1, int(request["seconds"]) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    try:
        answer: dict[str, Any] = {"result": perform(request["program"], request["text"], request["largest"])}
    except ValueError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
