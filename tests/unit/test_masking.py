"""Masking: no common form of a secret gets through."""

import base64
import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from tiercel.masking import MASK, Masker


def masker_of(*secrets: str) -> Masker:
    masker = Masker()
    for secret in secrets:
        masker.add(secret)
    return masker


def test_without_secrets_everything_stays() -> None:
    assert masker_of().value({"a": ["b", 1, None]}) == {"a": ["b", 1, None]}


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=6, max_size=40),
    before=st.binary(max_size=5),
    after=st.binary(max_size=5),
)
def test_a_secret_is_masked_in_every_form_and_at_every_alignment(
    secret: str, before: bytes, after: bytes
) -> None:
    masker = masker_of(secret)
    forms = [
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
    ]
    for form in forms:
        assert form not in masker.text(f"<{form}>")
    whole = base64.b64encode(before + secret.encode() + after).decode()
    assert MASK in masker.text(whole)


def test_lines_and_json_leaves_of_a_secret_are_secret() -> None:
    masker = masker_of("first line\nsecond line", '{"user": "somebody", "keys": ["a-long-key"]}')
    assert masker.text("second line, somebody, a-long-key") == f"{MASK}, {MASK}, {MASK}"


def test_a_secret_within_another_leaves_no_rest() -> None:
    assert masker_of("abcd", "abcdefgh").text("abcdefgh") == MASK


def test_short_secrets_are_not_masked() -> None:
    assert masker_of("abc").text("abc") == "abc"


def test_keys_and_nested_texts_are_masked() -> None:
    assert masker_of("hunter22").value({"hunter22": [{"x": "a hunter22"}]}) == {MASK: [{"x": f"a {MASK}"}]}
