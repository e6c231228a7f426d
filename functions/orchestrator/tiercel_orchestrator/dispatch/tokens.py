"""What the orchestrator shows to families, and what they sign their callbacks with."""

import hashlib
import hmac
import os
import time
from typing import Any
from urllib.parse import urlsplit

from tiercel.envelope import RunContext
from tiercel.http.grants import SCOPE
from tiercel.http.signed_requests import SharedSecrets
from tiercel.http.signing import TokenKeys
from tiercel.settings import Settings

LIFE_SECONDS = 300
UNDECLARED_SECONDS = 900
MOST_SECONDS = 86_400
TASK_ROLE = "tiercel_task"
"""The role in the database that the rules for task runs are about."""
SUBJECT = "tiercel-orchestrator"


class Tokens:
    """Mints tokens for one task run each; without keys, families on this machine want none.

    `secrets`: what requests are signed with instead; a task run's token, if any, is in its envelope then.
    """

    def __init__(self, keys: TokenKeys | None, secrets: SharedSecrets | None = None) -> None:
        self.keys = keys
        self.secrets = secrets
        # without keys callbacks come back to this process, or not at all
        root = (keys and (keys.secret or keys.document)) or (secrets and secrets.known[0])
        self._root = f"tiercel callbacks {root}".encode() if root else os.urandom(32)

    @classmethod
    def of(cls, settings: Settings) -> "Tokens":
        """Mint and sign with what the settings name."""
        return cls(TokenKeys.of(settings), SharedSecrets.of(settings))

    def headers(
        self, method: str, url: str, body: str = "", run: RunContext | None = None, family: str | None = None
    ) -> dict[str, str]:
        """Give the headers that say on whose behalf a family is called."""
        if self.secrets:
            return {"Authorization": self.secrets.sign(method, urlsplit(url).path, body.encode())}
        token = self.token(run, family=family)
        return {} if token is None else {"Authorization": f"Bearer {token}"}

    def token(
        self, run: RunContext | None = None, life_seconds: float = LIFE_SECONDS, family: str | None = None
    ) -> str | None:
        """Mint a token; what is not sent over HTTP carries it as its envelope's `token`.

        `life_seconds`: how long the task may wait until it begins. `family`: the only one that it is for.
        """
        if self.keys is None:
            return None
        now = int(time.time())
        claims: dict[str, Any] = {"sub": SUBJECT, "iat": now, "exp": now + int(life_seconds)}
        if family is not None:
            claims["scope"] = f"{SCOPE}{family}"
        if run is not None:
            # a task that may take long reaches its keys to the end
            claims["exp"] += int(min(run.timeout_seconds or UNDECLARED_SECONDS, MOST_SECONDS))
            claims |= {
                "role": TASK_ROLE,
                "namespace": run.namespace,
                "flowId": run.flow_id,
                "executionId": run.execution_id,
                "taskRunId": run.task_run_id,
                "attempt": run.attempt,
            }
        return self.keys.sign(claims)

    def callback_key(self, task_run_id: str, lease: int) -> str:
        """Give the key of one dispatch: it follows from the keys, so every orchestrator knows it."""
        return hmac.new(self._root, f"{task_run_id}/{lease}".encode(), hashlib.sha256).hexdigest()
