"""Functions that make something new each time."""

from base64 import b16encode
from os import urandom
from random import SystemRandom
from typing import Any
from uuid import uuid4

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import whole
from tiercel.expressions.runtime import Run

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NANO_ALPHABET = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
KSUID_EPOCH = 1_400_000_000
LONGEST_NANO_ID = 4096
_random = SystemRandom()


def _base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = BASE62[rest] + digits
    return digits.rjust(width, "0")


def uuid(run: Run) -> str:
    """Give a random UUID."""
    return str(uuid4())


def id_(run: Run) -> str:
    """Give a random id of 22 letters and digits."""
    return _base62(uuid4().int, 22)


def ksuid(run: Run) -> str:
    """Give an id of 27 letters and digits that sorts by the time it was made."""
    seconds = int(run.services.now().timestamp()) - KSUID_EPOCH
    return _base62(int(f"{seconds:08x}{b16encode(urandom(16)).decode()}", 16), 27)


def nano_id(run: Run, length: Any = 21, alphabet: Any = NANO_ALPHABET) -> str:
    """Give a random id of a length, from an alphabet."""
    size, letters = whole(length, "The length of `nanoId`"), run.text(alphabet, "The alphabet of `nanoId`")
    if not 1 <= size <= LONGEST_NANO_ID or not letters:
        raise ExpressionError(f"`nanoId` needs a length between 1 and {LONGEST_NANO_ID}, and an alphabet")
    return "".join(_random.choice(letters) for _ in range(size))


def random_int(run: Run, lower: Any, upper: Any) -> int:
    """Give a random whole number from `lower` up to `upper`, that one not included."""
    least, most = whole(lower, "`lower`"), whole(upper, "`upper`")
    if least >= most:
        raise ExpressionError(f"`randomInt` needs an upper bound above {least}, not {most}")
    return _random.randrange(least, most)


def random_port(run: Run) -> int:
    """Give a port of this machine that is free."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
