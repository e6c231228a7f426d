"""A link into Google Cloud Storage, verified as its servers do it: no emulator at hand knows its keys."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tiercel import clock
from tiercel.storage import Storage

ACCOUNT = "tiercel@project.iam.gserviceaccount.com"


def with_a_service_account(monkeypatch: pytest.MonkeyPatch) -> rsa.RSAPublicKey:
    """Name a service account in the environment, and give the public half of its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    text = key.private_bytes(encoding, form, serialization.NoEncryption()).decode()
    account = {
        "type": "service_account",
        "project_id": "project",
        "private_key_id": "1",
        "private_key": text,
        "client_email": ACCOUNT,
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT_KEY", json.dumps(account))
    return key.public_key()


def check(link: str, public: rsa.RSAPublicKey) -> None:
    """Work out what was signed, by Google's description of V4 signatures, and verify the signature."""
    parts = urlsplit(link)
    query = parse_qsl(parts.query)
    signature = dict(query)["X-Goog-Signature"]
    signed = sorted((name, value) for name, value in query if name != "X-Goog-Signature")
    canonical = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in signed)
    request = f"GET\n{parts.path}\n{canonical}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    values = dict(query)
    scope = values["X-Goog-Credential"].partition("/")[2]
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"GOOG4-RSA-SHA256\n{values['X-Goog-Date']}\n{scope}\n{digest}"
    public.verify(bytes.fromhex(signature), text.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_a_link_is_signed_for_one_file_for_as_long_as_it_is_to_live(monkeypatch: pytest.MonkeyPatch) -> None:
    public = with_a_service_account(monkeypatch)
    link = Storage("gs://bucket/some/prefix").link("kestra:///a/f/executions/e/a name", 3600)
    assert link is not None
    parts, values = urlsplit(link), dict(parse_qsl(urlsplit(link).query))
    assert (parts.scheme, parts.netloc) == ("https", "storage.googleapis.com")
    assert unquote(parts.path) == "/bucket/some/prefix/a/f/executions/e/a name"
    assert values["X-Goog-Expires"] == "3600"
    assert values["X-Goog-Credential"].startswith(f"{ACCOUNT}/")
    signed_at = datetime.strptime(values["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert abs(signed_at - clock.now()) < timedelta(minutes=5)
    check(link, public)
    for other in (link.replace("a%20name", "b"), link.replace("Expires=3600", "Expires=36000")):
        with pytest.raises(InvalidSignature):
            check(other, public)
