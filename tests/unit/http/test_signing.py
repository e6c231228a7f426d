"""Keys of tokens: the private half signs, the public half tells, and no other algorithm will do."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from tests.postgrest import half_of, signing_key
from tests.unit.http.plugins import TestFamily
from tests.unit.http.test_auth import SECRET, YEAR_2100, call
from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.http.app import create_app
from tiercel.http.signing import TokenKeys
from tiercel.settings import Settings
from tiercel_orchestrator.dispatch.tokens import Tokens

CLAIMS = {"sub": "tests", "exp": YEAR_2100}


def other_key(kid: str) -> dict[str, Any]:
    """Make another key of the same kind."""
    return {**signing_key.__wrapped__(), "kid": kid}


def document(*keys: Mapping[str, Any]) -> str:
    """Write a set of keys."""
    return json.dumps({"keys": keys})


PUBLIC = half_of(signing_key())
FAMILY = Settings(on_cloud_run=True, jwt_key=document(half_of(other_key("older")), PUBLIC))


def signed_by_text(secret: str) -> str:
    """Make a token as a forger does who takes what everybody knows for a secret."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, CLAIMS)]
    signed = b".".join(part.rstrip(b"=") for part in parts)
    mac = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed, "sha256")).rstrip(b"=")
    return (signed + b"." + mac).decode()


def status_of(token: str, settings: Settings = FAMILY) -> int:
    """Call a family with a token."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = call("POST", "/execute", headers, settings=settings)
    return answer.status_code


def test_a_family_with_the_public_half_accepts_what_the_private_half_signed() -> None:
    run = RunContext()
    token = Tokens(TokenKeys(document=json.dumps(signing_key()))).token(run)
    assert token
    assert jwt.get_unverified_header(token) == {"alg": "ES256", "typ": "JWT", "kid": signing_key()["kid"]}
    assert status_of(token) == 200


def test_the_private_half_verifies_too_and_a_kid_may_be_missing() -> None:
    plain = {name: value for name, value in signing_key().items() if name not in ("kid", "alg")}
    keys = TokenKeys(document=json.dumps(plain))
    assert keys.verify(keys.sign(CLAIMS)) == CLAIMS
    assert status_of(keys.sign(CLAIMS)) == 200


def test_other_keys_and_algorithms_are_refused() -> None:
    text = document(PUBLIC)
    strangers = [
        TokenKeys(document=json.dumps(other_key("older"))).sign(CLAIMS),
        TokenKeys(document=json.dumps(other_key(signing_key()["kid"]))).sign(CLAIMS),
        TokenKeys(document=json.dumps(other_key("unknown"))).sign(CLAIMS),
        TokenKeys(SECRET).sign(CLAIMS),
        # the public half is known to everybody, so it is no secret
        signed_by_text(text),
        signed_by_text(json.dumps(PUBLIC)),
        jwt.encode(CLAIMS, "", algorithm="none"),
        jwt.encode({"sub": "for ever"}, jwt.PyJWK(signing_key()).key, algorithm="ES256"),
    ]
    assert [status_of(token) for token in strangers] == [401] * len(strangers)


def test_a_secret_and_a_key_may_stand_side_by_side() -> None:
    settings = Settings(on_cloud_run=True, jwt_secret=SECRET, jwt_key=document(PUBLIC))
    for keys in (TokenKeys(SECRET), TokenKeys(document=json.dumps(signing_key()))):
        assert status_of(keys.sign(CLAIMS), settings) == 200
    # what a family has makes no token that others would take for the orchestrator's
    assert jwt.get_unverified_header(TokenKeys(SECRET, document(PUBLIC)).sign(CLAIMS))["alg"] == "HS256"


def test_rsa_keys_work_alike() -> None:
    private = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)
    keys = TokenKeys(document=json.dumps(private))
    public = TokenKeys(document=json.dumps({name: private[name] for name in ("kty", "n", "e")}))
    assert public.verify(keys.sign(CLAIMS)) == CLAIMS


def test_public_halves_sign_nothing() -> None:
    with pytest.raises(TiercelError, match="give the orchestrator the private key"):
        TokenKeys(document=document(PUBLIC)).sign(CLAIMS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-----BEGIN PUBLIC KEY-----", "is no JSON Web Key"),
        ("[1]", "is no JSON Web Key"),
        ("7", "is no JSON Web Key"),
        ('{"keys": 7}', "is no JSON Web Key"),
        ('{"kty": "oct", "k": "c2VjcmV0"}', "is no pair"),
        ('{"keys": [{}]}', "is no pair"),
    ],
)
def test_a_key_that_is_none_is_a_sentence_at_start(text: str, said: str) -> None:
    with pytest.raises(TiercelError, match=said):
        create_app(TestFamily(), settings=Settings(jwt_key=text))


def test_a_key_that_cannot_be_used_is_a_sentence() -> None:
    keys = TokenKeys(document='{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}')
    with pytest.raises(TiercelError, match="has a key that cannot be used"):
        keys.sign(CLAIMS)
