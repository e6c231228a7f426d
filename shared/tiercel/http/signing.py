"""What tokens are signed with: a secret that both sides have, or a key whose private half one side has.

A family that has the public half of a key can tell a good token, and cannot make one.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel.errors import TiercelError
from tiercel.settings import Settings

if TYPE_CHECKING:
    from jwt import PyJWK

Claims = Mapping[str, Any]
SHORTEST_SECRET = 32
PAIRED = ("EC", "RSA", "OKP")
"""Kinds of keys that have a private and a public half."""
OPTIONS: Any = {"require": ["exp"], "verify_aud": False}


class TokenKeys:
    """Sign and verify tokens. `secret`: for HS256; `document`: a JSON Web Key, or a set of them, as text."""

    def __init__(self, secret: str | None = None, document: str | None = None) -> None:
        self.secret = secret
        self.document = document

    @classmethod
    def of(cls, settings: Settings) -> "TokenKeys | None":
        """Give the keys that the settings name, if any; `TiercelError` says what is wrong with them."""
        if settings.jwt_secret is None and settings.jwt_key is None:
            return None
        keys = cls(settings.jwt_secret, settings.jwt_key)
        keys.check()
        return keys

    def check(self) -> None:
        """Look at the keys, without the library that reads them, which a cold `/health` does not need."""
        if self.secret is not None and len(self.secret.encode()) < SHORTEST_SECRET:
            raise TiercelError(
                "TIERCEL_JWT_SECRET is shorter than 32 bytes and could be guessed; use a longer one."
            )
        if self.document is not None and any(one.get("kty") not in PAIRED for one in self.written):
            raise TiercelError(
                "TIERCEL_JWT_KEY has a key that is no pair of a private and a public half; "
                f"use one of kty {', '.join(PAIRED)}, for example by `supabase gen signing-key`."
            )

    @property
    def written(self) -> list[dict[str, Any]]:
        """Give the keys as they are written."""
        try:
            value = json.loads(self.document or '{"keys": []}')
            keys = value["keys"] if "keys" in value else [value]
            return [dict(one) for one in keys]
        except (ValueError, TypeError) as error:
            raise TiercelError(
                "TIERCEL_JWT_KEY is no JSON Web Key and no set of them; "
                'it looks like {"kty": "EC", "crv": "P-256", "x": …, "y": …}.'
            ) from error

    @cached_property
    def keys(self) -> "list[PyJWK]":
        """Read the keys."""
        import jwt

        try:
            return [jwt.PyJWK(one) for one in self.written]
        except jwt.PyJWTError as error:
            raise TiercelError(f"TIERCEL_JWT_KEY has a key that cannot be used: {error}.") from error

    def sign(self, claims: Claims) -> str:
        """Make a token: by the first key whose private half is here, else by the secret."""
        import jwt

        for written, key in zip(self.written, self.keys, strict=True):
            if "d" in written:
                headers = {"kid": key.key_id} if key.key_id else None
                return jwt.encode(dict(claims), key.key, algorithm=key.algorithm_name, headers=headers)
        if self.secret is None:
            raise TiercelError(
                "TIERCEL_JWT_KEY has public halves only, which sign nothing; "
                "give the orchestrator the private key, and the public ones to families."
            )
        return jwt.encode(dict(claims), self.secret, algorithm="HS256")

    def verify(self, token: str) -> Claims:
        """Give the claims of a token that is ours and still valid; `jwt.PyJWTError` says why it is not."""
        import jwt

        header = jwt.get_unverified_header(token)
        if self.secret is not None and header.get("alg") == "HS256":
            return self.decoded(token, self.secret, "HS256")
        for key in self.keys:
            # each key is for its own algorithm, whatever the token says
            if header.get("alg") == key.algorithm_name and header.get("kid") in (None, key.key_id):
                with suppress(jwt.InvalidSignatureError):
                    return self.decoded(token, public_half(key), key.algorithm_name)
        raise jwt.InvalidTokenError("it is signed with none of the keys that are known here")

    def decoded(self, token: str, key: Any, algorithm: str) -> Claims:
        """Verify a token by one key."""
        import jwt

        claims: Claims = jwt.decode(token, key, algorithms=[algorithm], options=OPTIONS)
        return claims


def public_half(key: "PyJWK") -> Any:
    """Give the half of a key that verifies."""
    return key.key.public_key() if hasattr(key.key, "public_key") else key.key
