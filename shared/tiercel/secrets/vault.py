"""Secrets from Supabase's Vault, named `namespace/KEY` there, by a function that looks at who asks."""

from tiercel.errors import TaskFailed
from tiercel.namespaces import lineage
from tiercel.postgres import Functions


class VaultSecrets:
    """Read secrets of a namespace and of those above, the nearest first."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    def under(self, token: str | None) -> "VaultSecrets":
        """Give the secrets as the task run sees them that a token was minted for."""
        return VaultSecrets(self.functions.under(token))

    def get(self, key: str, namespace: str) -> str:
        """Give a secret; `TaskFailed` names the key where it is missing."""
        rows = self.functions.call("pipeline_secret", namespaces=lineage(namespace), key=key)
        if not rows:
            raise TaskFailed(
                f"Cannot find secret for key '{key}' in namespace '{namespace}'; "
                f"create the secret '{namespace}/{key}' in the Vault of the project."
            )
        return str(rows[0]["value"])

    def close(self) -> None:
        """Let go of connections."""
        self.functions.close()
