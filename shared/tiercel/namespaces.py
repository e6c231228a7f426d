"""Which namespaces a flow may reach: its own and those above it, never those beside it."""

from tiercel.errors import TaskFailed


def lineage(namespace: str) -> list[str]:
    """List a namespace and those above it, the nearest first: `a.b`, `a`."""
    parts = namespace.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)]


def reachable(own: str, asked: str | None, remedy: str = "") -> str:
    """Give the namespace to ask; `TaskFailed` where a flow of the namespace `own` may not reach it."""
    if not asked or asked in lineage(own):
        return asked or own
    raise TaskFailed(
        f"Namespace '{asked}' may not be reached from namespace '{own}'; "
        f"a flow reaches its own namespace and those above it{remedy}."
    )


def is_below(namespace: str, parent: str) -> bool:
    """Say whether a namespace is a child of another, at any depth."""
    return namespace.startswith(f"{parent}.")
