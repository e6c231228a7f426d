"""Filters that encode and hash texts."""

import binascii
import re
from base64 import b64decode, b64encode
from hashlib import new
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

from tiercel.errors import ExpressionError
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import text_of


def _bytes(run: Run, value: Any) -> bytes:
    return text_of(value, run).encode("utf-8", "replace")


def base64encode(run: Run, value: Any) -> str | None:
    """Write a text in base64."""
    return None if value is None else b64encode(_bytes(run, value)).decode()


def base64decode(run: Run, value: Any) -> str | None:
    """Read a text from base64."""
    if value is None:
        return None
    try:
        return b64decode(_bytes(run, value), validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise ExpressionError("This text is not base64") from error


def urlencode(run: Run, value: Any) -> str | None:
    """Write a text for the query of an address."""
    return None if value is None else quote_plus(_bytes(run, value), safe="*").replace("~", "%7E")


def urldecode(run: Run, value: Any) -> str | None:
    """Read a text from the query of an address."""
    if value is None:
        return None
    encoded = _bytes(run, value)
    if re.search(rb"%(?![0-9A-Fa-f]{2})", encoded):
        raise ExpressionError("This text is not URL-encoded: a `%` is not followed by two hexadecimal digits")
    return unquote_to_bytes(encoded.replace(b"+", b" ")).decode("utf-8", "replace")


def _hash(run: Run, value: Any, algorithm: str) -> str | None:
    # a fingerprint of data, as flows ask for it: no use for security is meant
    return None if value is None else new(algorithm, _bytes(run, value), usedforsecurity=False).hexdigest()


def md5(run: Run, value: Any) -> str | None:
    """Give the MD5 hash in hexadecimal."""
    return _hash(run, value, "md5")


def sha1(run: Run, value: Any) -> str | None:
    """Give the SHA-1 hash in hexadecimal."""
    return _hash(run, value, "sha1")


def sha256(run: Run, value: Any) -> str | None:
    """Give the SHA-256 hash in hexadecimal."""
    return _hash(run, value, "sha256")


def sha512(run: Run, value: Any) -> str | None:
    """Give the SHA-512 hash in hexadecimal."""
    return _hash(run, value, "sha512")
