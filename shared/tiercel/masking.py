"""Take secrets out of what leaves a task: as written, and in the encodings they commonly travel in."""

import base64
import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "******"
SHORTEST = 4
"""A shorter secret would mask half of every text."""


class Masker:
    """Replace known secrets by asterisks; `add` may be called while the task runs, from any thread."""

    def __init__(self) -> None:
        self.forms: set[str] = set()
        self.pattern: re.Pattern[str] | None = None
        self.lock = threading.Lock()

    def add(self, secret: str) -> None:
        """Mask this value from now on: whole, each of its lines, and the leaves of what is JSON."""
        with self.lock:
            for part in parts_of(secret):
                self.forms.update(forms_of(part))
            if self.forms:
                # the longest first, so that a secret inside another one does not leave its rest behind
                ordered = sorted(self.forms, key=lambda form: (-len(form), form))
                self.pattern = re.compile("|".join(map(re.escape, ordered)))

    def text(self, text: str) -> str:
        """Mask one text."""
        return self.pattern.sub(MASK, text) if self.pattern else text

    def value(self, value: Any) -> Any:
        """Mask all texts in a JSON value, keys too."""
        if self.pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return value


def parts_of(secret: str) -> Iterator[str]:
    """Give what of a secret must not be seen: it all, its lines, the leaves of its JSON."""
    yield secret
    yield from (line.strip() for line in secret.splitlines())
    if secret.lstrip().startswith(("{", "[")):
        try:
            yield from leaves(json.loads(secret))
        except ValueError:
            return


def leaves(value: Any) -> Iterator[str]:
    """Give the texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)


def forms_of(secret: str) -> set[str]:
    """Give the encodings of one value: raw, URL, JSON, base64 at each of its three alignments."""
    if len(secret) < SHORTEST:
        return set()
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    forms |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    content = secret.encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms.add(encode(content).decode())
        cores = {aligned(encode(bytes(offset) + content), offset, content) for offset in range(3)}
        forms |= {core for core in cores if len(core) > SHORTEST}
    return {form for form in forms if len(form) >= SHORTEST}


def aligned(encoded: bytes, offset: int, content: bytes) -> str:
    """Cut from base64 the characters that depend on what stands before and after the secret."""
    first = (offset * 8 + 5) // 6
    last = (offset + len(content)) * 8 // 6
    return encoded[first:last].decode()
