"""The filter that names Java's classes."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from tiercel.expressions.arithmetic import Float32
from tiercel.expressions.numbers import is_number
from tiercel.expressions.runtime import Run

INT_BITS, LONG_BITS = 31, 63
JAVA_CLASSES: tuple[tuple[type, str], ...] = (
    (str, "java.lang.String"),
    (bool, "java.lang.Boolean"),
    (Float32, "java.lang.Float"),
    (float, "java.lang.Double"),
    (Decimal, "java.math.BigDecimal"),
    (timedelta, "java.time.Duration"),
    (time, "java.time.LocalTime"),
)


class Long(int):
    """A whole number that Pebble holds in a Long however small it is: a literal, and what is made of one."""


def class_name(run: Run, value: Any) -> str | None:
    """Name the Java class that Kestra would hold this value in."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return "java.time.LocalDateTime" if value.tzinfo is None else "java.time.ZonedDateTime"
    if isinstance(value, date):
        return "java.time.LocalDate"
    for python, java in JAVA_CLASSES:
        if isinstance(value, python):
            return java
    if is_number(value):
        bits = int(value).bit_length()
        if bits > LONG_BITS:
            return "java.math.BigInteger"
        return "java.lang.Integer" if bits <= INT_BITS and not isinstance(value, Long) else "java.lang.Long"
    return "java.util.LinkedHashMap" if isinstance(value, dict) else "java.util.ArrayList"
