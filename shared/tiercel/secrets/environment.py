"""Secrets from environment variables, by Kestra's convention: `SECRET_<KEY>` holds the value in base64."""

import base64
import binascii
import os
from collections.abc import Mapping

from tiercel.errors import TaskFailed


class EnvironmentSecrets:
    """Read secrets from `SECRET_<KEY>`; every namespace sees all of them."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.environment = os.environ if environment is None else environment

    def get(self, key: str, namespace: str) -> str:
        """Give a secret; `TaskFailed` names the key where it is missing."""
        name = f"SECRET_{key.upper()}"
        value = self.environment.get(name)
        if value is None:
            raise TaskFailed(
                f"Cannot find secret for key '{key}' in namespace '{namespace}'; "
                f"set the environment variable {name} to its value in base64."
            )
        return decoded(value)


def decoded(value: str) -> str:
    """Decode base64; a value that is none, or that decodes to no text, was written plainly."""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return value
