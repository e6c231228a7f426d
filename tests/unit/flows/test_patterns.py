"""Java's regular expressions."""

import pytest

from tiercel.flows.patterns import java_pattern


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"A\d+", "A123", "foo"),
        (r"\p{Alpha}+", "abc", "a1"),
        (r"[\p{Upper}\p{Digit}]+", "A1", "a1"),
        (r"\P{Digit}+", "abc", "a1"),
        (r"\pL+", "äb", "1"),
        (r"(?i)yes", "YES", "no"),
        (r"a++b", "aab", "b"),
    ],
)
def test_a_java_pattern_matches_as_in_java(pattern: str, yes: str, no: str) -> None:
    assert java_pattern(pattern).fullmatch(yes)
    assert not java_pattern(pattern).fullmatch(no)


@pytest.mark.parametrize("pattern", ["\\", "(", "[a", "*", r"\p{Han}", r"[\pL]"])
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"not a regular expression|is not known"):
        java_pattern(pattern)
