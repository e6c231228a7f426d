"""What is done with a regular expression; also run as a child process, so it imports nothing of tiercel."""

import re
from typing import Any

_REFERENCE = re.compile(r"\\(.)|\$(\d)|\$\{(\w+)\}", re.DOTALL)


def perform(kind: str, pattern: str, text: str, extra: Any, largest: int) -> Any:
    """Do one piece of work; a ValueError says what is wrong with it."""
    compiled = re.compile(pattern, re.ASCII)
    if kind == "whole":
        return compiled.fullmatch(text) is not None
    if kind == "found":
        return compiled.search(text) is not None
    if kind == "extracted":
        return _extracted(compiled, text, extra)
    if kind == "split":
        return _split(compiled, text, extra)
    return _replaced(compiled, text, extra, largest)


def _extracted(compiled: re.Pattern[str], text: str, group: Any) -> str | None:
    match = compiled.search(text)
    if match is None:
        return None
    try:
        return str(found) if (found := match.group(group)) is not None else None
    except IndexError:
        raise ValueError(f"The regular expression has no group {group}") from None


def _split(compiled: re.Pattern[str], text: str, limit: int) -> list[str]:
    parts: list[str] = []
    start = 0
    for match in compiled.finditer(text):
        if limit > 0 and len(parts) == limit - 1:
            break
        # Java: an empty match at the beginning gives no empty first part
        if match.end() == 0:
            continue
        parts.append(text[start : match.start()])
        start = match.end()
    parts.append(text[start:])
    # Java: empty texts at the end are left out, all of them where there is nothing else
    while limit == 0 and start and parts and not parts[-1]:
        parts.pop()
    return parts


def _replaced(compiled: re.Pattern[str], text: str, replacement: str, largest: int) -> str:
    pieces = _replacement(compiled, replacement)
    out: list[str] = []
    size, start = 0, 0
    for match in compiled.finditer(text):
        out.append(text[start : match.start()])
        for piece in pieces:
            out.append(piece if isinstance(piece, str) else match.group(piece[0]) or "")
            size += len(out[-1])
        if size > largest:
            raise ValueError(f"The replacement builds a text of more than {largest} characters")
        start = match.end()
    out.append(text[start:])
    return "".join(out)


def _replacement(compiled: re.Pattern[str], text: str) -> list[str | tuple[int | str]]:
    """Read Java's replacement: `$1`, `${name}`, and a backslash before what stands for itself."""
    pieces: list[str | tuple[int | str]] = []
    start = 0
    while match := _REFERENCE.search(text, start):
        pieces.append(text[start : match.start()])
        start = match.end()
        if match[1] is not None:
            pieces.append(match[1])
            continue
        group: int | str = match[3] if match[3] is not None else int(match[2])
        # Java takes a further digit only where such a group exists
        while (
            isinstance(group, int)
            and text[start : start + 1].isdigit()
            and int(f"{group}{text[start]}") <= compiled.groups
        ):
            group, start = int(f"{group}{text[start]}"), start + 1
        if group not in compiled.groupindex and not (isinstance(group, int) and group <= compiled.groups):
            raise ValueError(f"The regular expression has no group {group}")
        pieces.append((group,))
    return [*pieces, text[start:]]


def main() -> None:
    """Answer the request on standard input."""
    import json
    import resource
    import sys

    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_CPU, (int(request["seconds"]) + 1, int(request["seconds"]) + 1))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    try:
        result = perform(
            request["kind"], request["pattern"], request["text"], request["extra"], request["largest"]
        )
        answer: dict[str, Any] = {"result": result}
    except ValueError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
