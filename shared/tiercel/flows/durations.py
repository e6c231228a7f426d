"""Read and write durations as `java.time.Duration` does: ISO 8601 with nothing longer than days."""

import re
from datetime import timedelta

ISO = re.compile(
    r"(?P<sign>[-+])?P(?:(?P<days>[-+]?\d+)D)?"
    r"(?:T(?=[-+.\d])(?:(?P<hours>[-+]?\d+)H)?(?:(?P<minutes>[-+]?\d+)M)?"
    r"(?:(?P<seconds>[-+]?\d*)(?:[.,](?P<fraction>\d{0,9}))?S)?)?",
    re.IGNORECASE,
)
REMEDY = "write an ISO 8601 duration such as PT30S, PT5M, PT1H30M or P1D"


def parse_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration (`PT5M6S`, `P1D`, `PT0.25S`, `-PT1H`); ValueError says what is wrong."""
    text = text.strip()
    match = ISO.fullmatch(text)
    if not match or not any(match.group("days", "hours", "minutes", "seconds")):
        raise ValueError(f"{text!r} is not a duration: {REMEDY}")
    fraction = (match["fraction"] or "").ljust(9, "0")
    seconds = int(match["seconds"]) if (match["seconds"] or "").strip("+-") else 0
    microseconds = int(fraction) // 1000
    if (match["seconds"] or "").startswith("-"):
        microseconds = -microseconds
    try:
        value = timedelta(
            days=int(match["days"] or 0),
            hours=int(match["hours"] or 0),
            minutes=int(match["minutes"] or 0),
            seconds=seconds,
            microseconds=microseconds,
        )
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long a duration: {REMEDY}") from error
    return -value if match["sign"] == "-" else value


def format_duration(value: timedelta) -> str:
    """Write a duration as Java does: hours at most (`PT24H`, not `P1D`), each part with its own sign."""
    total = value // timedelta(microseconds=1)
    sign, total = ("-" if total < 0 else ""), abs(total)
    seconds, microseconds = divmod(total, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{sign}{hours}H" if hours else "", f"{sign}{minutes}M" if minutes else ""]
    if microseconds:
        parts.append(f"{sign}{seconds}.{microseconds:06d}".rstrip("0") + "S")
    elif seconds:
        parts.append(f"{sign}{seconds}S")
    return "PT" + ("".join(parts) or "0S")
