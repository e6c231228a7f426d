"""Cloud Run: a service per family and the orchestrator's, and queues of Cloud Tasks for what takes long."""

from collections.abc import Iterable
from typing import Any

from tiercel.registry import Family

REQUEST_SECONDS = 3600
"""The longest that Cloud Run lets a request take."""
TASK_SECONDS = 1800
"""The longest that Cloud Tasks waits for an answer."""
ALONE = frozenset({"scripts"})
"""Families whose tasks do not share an instance: each runs a stranger's code."""
TOGETHER = 20


def service(family: Family) -> dict[str, Any]:
    """Write the service of a family. `${…}` is filled in when it is used."""
    annotations = {"autoscaling.knative.dev/minScale": "0", "autoscaling.knative.dev/maxScale": "1"}
    together = 1 if family.name in ALONE else TOGETHER
    return service_of(family.name, family.version, annotations, together, {"env": environment()})


def orchestrator(version: str) -> dict[str, Any]:
    """Write the service of the orchestrator: one that stays, since it waits for its families' answers.

    Several may share the store; one is enough to begin with.
    """
    annotations = {"autoscaling.knative.dev/minScale": "1", "autoscaling.knative.dev/maxScale": "3"}
    store = {"secretKeyRef": {"name": "tiercel-store", "key": "latest"}}
    container = {
        "command": ["python3", "-m", "tiercel_orchestrator"],
        "args": ["server", "--host", "0.0.0.0", "--port", "8080"],
        "env": [
            *environment(),
            {"name": "TIERCEL_STORE", "valueFrom": store},
            {"name": "TIERCEL_SERVICE_REGISTRY", "value": "true"},
        ],
    }
    return service_of("orchestrator", version, annotations, TOGETHER, container)


def service_of(
    image: str, version: str, scale: dict[str, str], together: int, container: dict[str, Any]
) -> dict[str, Any]:
    """Write a service of an image that the Dockerfile builds."""
    name = f"tiercel-{image}"
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": {"app": "tiercel", "family": image},
            "annotations": {"run.googleapis.com/ingress": "all"},
        },
        "spec": {
            "template": {
                "metadata": {
                    "annotations": {
                        # what outlives its call goes on: the instance keeps its CPU, and knows its runs
                        "run.googleapis.com/cpu-throttling": "false",
                        "run.googleapis.com/startup-cpu-boost": "true",
                        **scale,
                    }
                },
                "spec": {
                    "serviceAccountName": f"{name}@${{PROJECT_ID}}.iam.gserviceaccount.com",
                    "containerConcurrency": together,
                    "timeoutSeconds": REQUEST_SECONDS,
                    "containers": [
                        {
                            "image": f"${{REGION}}-docker.pkg.dev/${{PROJECT_ID}}/tiercel/{image}:{version}",
                            "ports": [{"name": "http1", "containerPort": 8080}],
                            **container,
                            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                            "startupProbe": {
                                "httpGet": {"path": "/health"},
                                "periodSeconds": 1,
                                "failureThreshold": 30,
                            },
                            "livenessProbe": {"httpGet": {"path": "/health"}, "periodSeconds": 30},
                        }
                    ],
                },
            }
        },
    }


def environment() -> list[dict[str, Any]]:
    """Say what a family needs to know; the secret comes from Secret Manager."""
    plain = {
        "TIERCEL_STORAGE_URL": "gs://${BUCKET}",
        "TIERCEL_SYNC_SECONDS": "${SYNC_SECONDS}",
        "SUPABASE_URL": "${SUPABASE_URL}",
        "SUPABASE_ANON_KEY": "${SUPABASE_ANON_KEY}",
    }
    secret = {"secretKeyRef": {"name": "tiercel-jwt-secret", "key": "latest"}}
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        {"name": "TIERCEL_JWT_SECRET", "valueFrom": secret},
    ]


def queues(families: Iterable[Family]) -> dict[str, Any]:
    """Write the queues as Cloud Tasks' REST interface takes them; a task posts an envelope to `/execute`."""
    return {
        "dispatchDeadline": f"{TASK_SECONDS}s",
        "queues": [
            {
                "name": f"projects/${{PROJECT_ID}}/locations/${{REGION}}/queues/tiercel-{family.name}",
                "rateLimits": {"maxConcurrentDispatches": 1 if family.name in ALONE else TOGETHER},
                "retryConfig": {"maxAttempts": 5, "minBackoff": "1s", "maxBackoff": "60s"},
            }
            for family in families
        ],
    }
