"""Cloud Run: a service per family, and a queue of Cloud Tasks for what takes longer than a gateway waits."""

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
    name = f"tiercel-{family.name}"
    container = {
        "image": f"${{REGION}}-docker.pkg.dev/${{PROJECT_ID}}/tiercel/{family.name}:{family.version}",
        "ports": [{"name": "http1", "containerPort": 8080}],
        "env": environment(),
        "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
        "startupProbe": {"httpGet": {"path": "/health"}, "periodSeconds": 1, "failureThreshold": 30},
        "livenessProbe": {"httpGet": {"path": "/health"}, "periodSeconds": 30},
    }
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "labels": {"app": "tiercel", "family": family.name},
            "annotations": {"run.googleapis.com/ingress": "all"},
        },
        "spec": {
            "template": {
                "metadata": {
                    "annotations": {
                        # what outlives its call goes on: the instance keeps its CPU, and knows its runs
                        "run.googleapis.com/cpu-throttling": "false",
                        "run.googleapis.com/startup-cpu-boost": "true",
                        "autoscaling.knative.dev/minScale": "0",
                        "autoscaling.knative.dev/maxScale": "1",
                    }
                },
                "spec": {
                    "serviceAccountName": f"{name}@${{PROJECT_ID}}.iam.gserviceaccount.com",
                    "containerConcurrency": 1 if family.name in ALONE else TOGETHER,
                    "timeoutSeconds": REQUEST_SECONDS,
                    "containers": [container],
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
