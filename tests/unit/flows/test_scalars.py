"""What YAML scalars mean."""

import pytest

from tiercel.flows.scalars import resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("true", True),
        ("y", "y"),
        ("oN", "oN"),
        ("", None),
        ("~", None),
        ("null", None),
        ("42", 42),
        ("-5", -5),
        ("1_000", 1000),
        ("010", 8),
        ("08", "08"),
        ("0x1F", 31),
        ("0b101", 5),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1:30", "1:30"),
        ("1.2.3", "1.2.3"),
        ("2023-01-01", "2023-01-01"),
        ("2023-01-01T00:00:00Z", "2023-01-01T00:00:00Z"),
        ("+", "+"),
        ("0x", "0x"),
    ],
)
def test_a_bare_scalar_is_read_as_jackson_reads_it(text: str, value: object) -> None:
    read = resolve(text, None, bare=True)
    assert read == value
    assert type(read) is type(value)


def test_a_quoted_scalar_is_a_text() -> None:
    assert resolve("yes", None, bare=False) == "yes"


def test_a_tag_wins_over_the_look_of_a_scalar() -> None:
    assert resolve("42", "tag:yaml.org,2002:str", bare=False) == "42"
    assert resolve("42", "tag:yaml.org,2002:int", bare=False) == 42
