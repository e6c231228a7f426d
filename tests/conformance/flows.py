"""Entries of kind flow: run it, then look."""

from tests.conformance import executions, related, steps
from tests.conformance.executions import differs
from tests.conformance.scene import Scene


async def failures(scene: Scene) -> list[str]:
    """Run an entry and say what is not as it expects."""
    await scene.prepare()
    found: list[str] = []
    if "steps" in scene.expected:
        found, view = await steps.play(scene)
        if found:
            return found
    elif "requests" in scene.expected:
        return await of_requests(scene)
    else:
        view = await scene.product.idle(await scene.start())
    if wanted := scene.entry.get("expected_state"):
        if not (wanted in ("RESTARTED", "RUNNING") and wanted in view.history):
            found += differs("state", wanted, view.state)
    await scene.children(view)
    found += await related.failures(scene, view, scene.expected)
    found += executions.failures(view, scene.names.resolve(only_of_one(scene)))
    return explained(found, [line["message"] for line in view.logs if line["level"] == "ERROR"])


async def of_requests(scene: Scene) -> list[str]:
    """Check an entry whose executions are started by webhook requests only."""
    found = await related.requests(scene, scene.expected["requests"])
    others = only_of_one(scene)
    if others and not found:
        started = await scene.product.executions(scene.flow.id)
        view = await scene.product.idle(started[-1].id)
        scene.remember(scene.flow.id, view.id)
        found += executions.failures(view, scene.names.resolve(others))
    return found


def only_of_one(scene: Scene) -> dict[str, object]:
    """Leave out what is not about the execution itself."""
    return {key: value for key, value in scene.expected.items() if key in executions.CHECKS}


def explained(found: list[str], errors: list[str]) -> list[str]:
    """Add what the execution said went wrong, where anything is not as expected."""
    return [*found, f"(log: {errors[0]})"] if found and errors else found
