"""Write what is generated from the families' code: manifests, route tables, published schemas.

`python tools/generate.py` writes; `--check` writes nothing, names what is stale, and then exits 1.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tiercel.envelope import Envelope, Result
from tiercel.manifests import manifest_of, plain_schema, text_of
from tiercel.registry import Family, route_table

ROOT = Path(__file__).parents[1]
INFRA = ROOT / "infra"


def generated() -> Iterator[tuple[Path, str]]:
    """Give each generated file with its content."""
    families = []
    for project in sorted(ROOT.glob("functions/*/pyproject.toml")):
        if "tiercel.families" not in project.read_text(encoding="utf-8"):
            continue  # the orchestrator
        path, manifest = manifest_of(project.parent)
        families.append(Family(path.parent.name, manifest))
        yield path, text_of(manifest)
    yield INFRA / "routes/routes.json", text_of(routes(families))
    yield INFRA / "routes/openapi.json", text_of(openapi(families))
    for name, model in (("envelope", Envelope), ("result", Result)):
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"tiercel {name}, version 1",
            **plain_schema(model.model_json_schema(by_alias=True)),
        }
        yield INFRA / f"schemas/{name}.v1.json", text_of(schema)


def routes(families: list[Family]) -> Mapping[str, Any]:
    """Write the route table that edge functions and the local gateway read."""
    return {
        "version": 1,
        "families": {family.name: {"path": f"/v1/families/{family.name}"} for family in families},
        "routes": route_table(families),
    }


def openapi(families: list[Family]) -> Mapping[str, Any]:
    """Write the route table as an API: API Gateway matches whole path segments, so dots become slashes."""
    paths: dict[str, Any] = {}
    for route in route_table(families):
        paths[f"{route['path']}/{{proxy+}}"] = {"post": operation(route["family"])}
    for family in families:
        paths[f"/v1/families/{family.name}/{{proxy+}}"] = {"x-tiercel-family": family.name}
    return {"openapi": "3.0.3", "info": {"title": "tiercel", "version": "1"}, "paths": paths}


def operation(family: str) -> Mapping[str, Any]:
    """Describe one route."""
    return {"x-tiercel-family": family, "responses": {"200": {"description": "The task's result."}}}


def main() -> int:
    """Write, or check."""
    check = "--check" in sys.argv[1:]
    stale = [
        (path, text) for path, text in generated() if not path.exists() or path.read_text("utf-8") != text
    ]
    for path, text in stale:
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{'stale' if check else 'wrote'}: {path.relative_to(ROOT)}\n")
    if check and stale:
        sys.stdout.write("Run `make generate` and commit what it writes.\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
