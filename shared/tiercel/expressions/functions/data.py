"""Functions that read JSON, YAML and Ion, and that encrypt."""

from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.json_reader import read_json
from tiercel.expressions.runtime import Run


def from_json(run: Run, json: Any) -> Any:
    """Read a JSON text."""
    if json is None:
        return None
    text = run.text(json, "What `fromJson` reads")
    run.budget.spend(1 + (len(text) >> 6))
    return read_json(text)


def yaml(run: Run, yaml: Any) -> Any:
    """Read a YAML text."""
    from tiercel.expressions.yaml_text import read_yaml

    return None if yaml is None else read_yaml(run.text(yaml, "What `yaml` reads"), run)


def from_ion(run: Run, ion: Any, all_rows: Any = False) -> Any:
    """Read the first value of an Ion text, or all of them."""
    from tiercel.expressions.ion_reader import read_ion

    if ion is None:
        return None
    rows = read_ion(run.text(ion, "What `fromIon` reads"), run.budget)
    return list(rows) if all_rows is True else next(rows, None)


def _key(run: Run, key: Any) -> str:
    found = run.services.encryption_key() if key is None else run.text(key, "The encryption key")
    if not found:
        raise ExpressionError("There is no encryption key: configure one, or give one in base64")
    return found


def encrypt(run: Run, key: Any, plaintext: Any) -> str:
    """Encrypt a text with a key in base64; null stands for the configured key."""
    from tiercel.expressions.encryption import encrypt_text

    return encrypt_text(_key(run, key), run.text(plaintext, "What `encrypt` takes"))


def decrypt(run: Run, key: Any, encrypted: Any) -> str:
    """Decrypt a text with a key in base64; null stands for the configured key."""
    from tiercel.expressions.encryption import decrypt_text

    return decrypt_text(_key(run, key), run.text(encrypted, "What `decrypt` takes"))
