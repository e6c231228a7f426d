"""How a task reaches AWS, or what speaks its protocols: credentials, endpoints, and what an error means."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError
from pydantic import Field, SecretStr

from tiercel.errors import Retriable, TaskFailed
from tiercel.plugin import BaseParams

BUSY_CODES = frozenset(
    {
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "InternalError",
    }
)
CONNECT_SECONDS = 10
OPENING = threading.Lock()
DEFAULT_REGION = "us-east-1"


class AwsConnection(BaseParams):
    """What every task on AWS takes. Without keys, the credentials of the process's own role apply."""

    region: str | None = Field(None, description="Region, such as eu-west-1.")
    endpoint_override: str | None = Field(
        None, description="Address to call instead of AWS: MinIO, Ceph, an emulator."
    )
    access_key_id: SecretStr | None = Field(None, description="Access key; with `secretKeyId`.")
    secret_key_id: SecretStr | None = Field(None, description="Secret of the access key.")
    session_token: SecretStr | None = Field(None, description="Token of temporary credentials.")
    sts_role_arn: str | None = Field(None, description="Role to assume for this task.")
    sts_role_external_id: str | None = Field(None, description="External id that the role asks for.")
    sts_role_session_name: str | None = Field(None, description="Name of the session with that role.")
    sts_endpoint_override: str | None = Field(None, description="Address of STS to call instead of AWS's.")
    sts_role_session_duration: timedelta = Field(
        timedelta(minutes=15), description="How long the session with that role lasts."
    )

    def client(self, service: str, **options: Any) -> Any:
        """Open a client of a service; `options` are botocore's."""
        config = Config(connect_timeout=CONNECT_SECONDS, retries={"mode": "standard"}, **options)
        keys = self.assumed_keys() if self.sts_role_arn else self.keys()
        return open_client(
            service,
            region_name=self.region_name(),
            endpoint_url=self.endpoint_override,
            config=config,
            **keys,
        )

    def region_name(self) -> str | None:
        """Give the region; an emulator does not care, but botocore insists on one."""
        return self.region or (DEFAULT_REGION if self.endpoint_override else None)

    def keys(self) -> dict[str, str | None]:
        """Give the credentials as boto3 takes them."""
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        secrets = (self.access_key_id, self.secret_key_id, self.session_token)
        return {
            name: secret.get_secret_value() if secret else None
            for name, secret in zip(names, secrets, strict=True)
        }

    def assumed_keys(self) -> dict[str, str | None]:
        """Assume the role and give its credentials."""
        sts = open_client(
            "sts", region_name=self.region_name(), endpoint_url=self.sts_endpoint_override, **self.keys()
        )
        optional = {"ExternalId": self.sts_role_external_id}
        answer = sts.assume_role(
            RoleArn=self.sts_role_arn or "",
            RoleSessionName=self.sts_role_session_name or "tiercel",
            DurationSeconds=int(self.sts_role_session_duration.total_seconds()),
            **present(optional),
        )
        credentials: dict[str, str] = answer["Credentials"]
        return {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }


def open_client(service: str, **options: Any) -> Any:
    """Open a client; boto3 opens one at a time, though each serves all threads."""
    make: Any = boto3.client
    with OPENING:
        return make(service, **options)


def present(options: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is not given; botocore takes no None."""
    return {name: value for name, value in options.items() if value is not None}


@contextmanager
def explaining(attempt: str) -> Iterator[None]:
    """Turn AWS's errors into sentences; `attempt` says what was tried, as `list the bucket b`."""
    try:
        yield
    except ClientError as error:
        raise explained(attempt, error) from error
    except (ConnectionError, HTTPClientError) as error:
        raise Retriable(
            f"AWS was not reached to {attempt}: {error}. Is `endpointOverride` or `region` right?"
        ) from error
    except BotoCoreError as error:
        raise TaskFailed(f"AWS was not asked to {attempt}: {error}. Correct the connection.") from error


def explained(attempt: str, error: ClientError) -> TaskFailed:
    """Say what AWS answered, and what to do."""
    details = error.response.get("Error", {})
    code, status = details.get("Code", ""), error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    answer = f"AWS refused to {attempt}: {status} {code}, {details.get('Message') or 'no message'}"
    if code in BUSY_CODES or status == 429 or status >= 500:
        return Retriable(f"{answer}. It was busy; a `retry` on the task helps.")
    if status == 403 or code in ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"):
        return TaskFailed(f"{answer}. Check the keys, or the permissions of the role.")
    return TaskFailed(f"{answer}. Correct the task's properties.")
