"""AES-GCM as Kestra's encrypt() and decrypt() use it; imported on first use."""

from base64 import b64decode, b64encode
from os import urandom

from tiercel.errors import ExpressionError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    raise ExpressionError(
        "encrypt() and decrypt() need the Python package cryptography: install tiercel-runtime[expressions]"
    ) from None

NONCE_BYTES = 12


def _cipher(key: str) -> AESGCM:
    try:
        return AESGCM(b64decode(key))
    except ValueError as error:
        raise ExpressionError("The encryption key must be 16, 24 or 32 bytes in base64") from error


def encrypt_text(key: str, text: str) -> str:
    """Give the nonce and the encrypted text, in base64."""
    nonce = urandom(NONCE_BYTES)
    return b64encode(nonce + _cipher(key).encrypt(nonce, text.encode("utf-8", "replace"), None)).decode()


def decrypt_text(key: str, encrypted: str) -> str:
    """Read what `encrypt_text` wrote."""
    cipher = _cipher(key)
    try:
        data = b64decode(encrypted, validate=True)
        return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None).decode()
    except (ValueError, InvalidTag) as error:
        raise ExpressionError(
            "This text cannot be decrypted: it was encrypted with another key, or changed since"
        ) from error
