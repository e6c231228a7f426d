"""Requests signed with a secret that caller and function share, where no tokens are wanted.

`Authorization: Tiercel-HMAC t=<seconds>,n=<nonce>,d=<SHA-256 of the body>,v1=<HMAC-SHA256 of
"t.n.METHOD.path.d">`: the path as it is sent, without its query, percent-escapes decoded. A gateway's
authorizer sees no body, and checks the rest; the family compares the body, too, and takes a signature once.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from urllib.parse import unquote

from tiercel import clock
from tiercel.errors import TiercelError
from tiercel.settings import Settings

SCHEME = "Tiercel-HMAC"
FORM = re.compile(r"t=([0-9]{1,12}),n=([0-9a-f]{16,64}),d=([0-9a-f]{64}),v1=([0-9a-f]{64})")
FRESH_SECONDS = 300
"""How far a signature's moment may be from now: longer ways and clocks that differ more are refused."""
SHORTEST_SECRET = 32
MOST_SEEN = 100_000


class BadSignature(TiercelError):
    """A request was not signed with the secret, or not now, or not for what it asks."""


@dataclass(frozen=True)
class Signature:
    """A signature that was found good. `digest`: of the body that belongs to it."""

    nonce: str
    moment: int
    digest: str

    def check_body(self, body: bytes) -> None:
        """Make sure that a body is the one that was signed."""
        if not hmac.compare_digest(digest_of(body), self.digest):
            raise BadSignature("The body is not the one that was signed; sign the bytes that are sent.")


class SharedSecrets:
    """Sign with the first of some secrets, verify by any: a new one comes first, the old one goes later."""

    def __init__(self, *known: str) -> None:
        self.known = known

    @classmethod
    def of(cls, settings: Settings) -> "SharedSecrets | None":
        """Give the secrets that the settings name, if any."""
        known = [one.strip() for one in (settings.hmac_secret or "").splitlines() if one.strip()]
        if any(len(one.encode()) < SHORTEST_SECRET for one in known):
            raise TiercelError(
                "TIERCEL_HMAC_SECRET is shorter than 32 bytes and could be guessed; use a longer one."
            )
        return cls(*known) if known else None

    def sign(self, method: str, path: str, body: bytes) -> str:
        """Give the Authorization header of a request that is sent now."""
        moment, nonce = int(clock.now().timestamp()), secrets.token_hex(16)
        digest = digest_of(body)
        signed = mac(self.known[0], moment, nonce, method, path, digest)
        return f"{SCHEME} t={moment},n={nonce},d={digest},v1={signed}"

    def verify(self, credentials: str, method: str, path: str) -> Signature:
        """Read what follows the scheme in an Authorization header; `BadSignature` says why it is none."""
        found = FORM.fullmatch(credentials.strip())
        if found is None:
            raise BadSignature(f"The signature is written `{SCHEME} t=…,n=…,d=…,v1=…`; correct its form.")
        moment, nonce, digest, signed = int(found[1]), found[2], found[3], found[4]
        expected = [mac(one, moment, nonce, method, path, digest) for one in self.known]
        # all of them, so that the time it takes does not say which one it was
        if not any([hmac.compare_digest(one, signed) for one in expected]):
            raise BadSignature(
                "The signature is not that of this method and path; sign them as they are sent, with the "
                "secret of this function."
            )
        if abs(clock.now().timestamp() - moment) > FRESH_SECONDS:
            raise BadSignature(
                f"The request was signed more than {FRESH_SECONDS} s from now; sign it anew, and set "
                "both clocks."
            )
        return Signature(nonce, moment, digest)


class Seen:
    """Remember signatures while they are fresh: one that comes again is somebody else's copy.

    In this process only; what has to run once in all of them has an Idempotency-Key.
    """

    def __init__(self, most: int = MOST_SEEN) -> None:
        self.most = most
        self.moments: dict[str, int] = {}

    def take(self, signature: Signature) -> None:
        """Take a signature, once."""
        if signature.nonce in self.moments:
            raise BadSignature("The request has been here before; sign each anew, with a nonce of its own.")
        self.moments[signature.nonce] = signature.moment
        self.forget()

    def forget(self) -> None:
        """Let go of those that are refused by their age, and of the oldest where there are too many."""
        stale = clock.now().timestamp() - FRESH_SECONDS
        while self.moments:
            oldest = next(iter(self.moments))
            if self.moments[oldest] >= stale and len(self.moments) <= self.most:
                return
            del self.moments[oldest]


def mac(secret: str, moment: int, nonce: str, method: str, path: str, digest: str) -> str:
    """Give the HMAC of a request."""
    text = f"{moment}.{nonce}.{method.upper()}.{unquote(path)}.{digest}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def digest_of(body: bytes) -> str:
    """Give the digest of a body."""
    return hashlib.sha256(body).hexdigest()
