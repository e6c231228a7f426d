"""Write the catalog: the facts of Kestra's types in a compact form.

`python tools/catalog.py DIRECTORY` reads `types.json`, `defs.json` and `common.json` there and writes
`catalog/`; with `--check` it writes nothing, and exits 1 if something is stale. One file per group of
types, a line per type, sorted: a new version of Kestra is a diff that a person can read. Names, types and
flags only, no text of Kestra's.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

CATALOG = Path(__file__).parents[1] / "catalog"
KEPT = ("deprecated", "internal")
FLAGS = ("required", "secret", "deprecated")


def compact_property(source: Mapping[str, Any]) -> dict[str, Any]:
    """Give a property's facts; what is false or absent is left out.

    `static`: an expression in it is not evaluated. `computed`: its default is no constant.
    """
    found: dict[str, Any] = {"name": source["name"], "type": source["type"]}
    found |= {flag: True for flag in FLAGS if source.get(flag)}
    if source.get("dynamic") is False:
        found["static"] = True
    if source.get("default") is not None:
        found["default"] = source["default"]
    if source.get("defaultNonLiteral"):
        found["computed"] = True
    for key in ("enum", "ref"):
        if source.get(key):
            found[key] = source[key]
    for key in ("items", "values"):
        if source.get(key):
            found[key] = compact_nested(source[key])
    if source.get("anyOf"):
        found["anyOf"] = sorted({choice["type"] for choice in source["anyOf"]})
    return found


def compact_nested(source: Mapping[str, Any]) -> dict[str, Any]:
    """Give the facts of what a list or a map holds."""
    found: dict[str, Any] = {key: source[key] for key in ("type", "enum", "ref") if source.get(key)}
    found |= {key: compact_nested(source[key]) for key in ("items", "values") if source.get(key)}
    return found


def compact_type(source: Mapping[str, Any]) -> dict[str, Any]:
    """Give a type's facts."""
    found: dict[str, Any] = {"type": source["type"], "kind": source["kind"]}
    if source["aliases"]:
        # some types of Kestra name themselves as an alias of their own
        found["aliases"] = sorted(set(source["aliases"]) - {source["type"]})
    found |= {key: True for key in KEPT if source.get(key)}
    found["properties"] = [compact_property(one) for one in source["properties"]]
    found["outputs"] = [
        compact_property({**one, "required": False, "dynamic": None}) for one in source["outputs"]
    ]
    return found


def file_of(type_id: str) -> str:
    """Name the file of a type: the segment behind `io.kestra.plugin`, or `legacy`."""
    parts = type_id.split(".")
    return parts[3] if parts[:3] == ["io", "kestra", "plugin"] else "legacy"


def lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Write rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows)


def catalog_of(source: Path) -> dict[str, str]:
    """Give the text of each file of the catalog, by its name."""
    types = json.loads((source / "types.json").read_text(encoding="utf-8"))
    definitions = json.loads((source / "defs.json").read_text(encoding="utf-8"))
    common = json.loads((source / "common.json").read_text(encoding="utf-8"))
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(types, key=lambda found: str(found["type"])):
        files[file_of(one["type"])].append(compact_type(one))
    nested = [
        {"class": name, "properties": [compact_property(one) for one in found.get("properties", ())]}
        for name, found in sorted(definitions.items())
    ]
    shared = [
        {"kind": kind, "properties": [compact_property(one) for one in found]}
        for kind, found in common.items()
    ]
    texts = {f"types/{name}.jsonl": lines(rows) for name, rows in sorted(files.items())}
    return {**texts, "classes.jsonl": lines(nested), "common.jsonl": lines(shared)}


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="directory with types.json, defs.json and common.json")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if something is stale")
    arguments = parser.parse_args()
    wanted = catalog_of(arguments.source)
    there = {str(path.relative_to(CATALOG)): path for path in CATALOG.rglob("*.jsonl")}
    stale = [
        name for name, text in wanted.items() if name not in there or there[name].read_text("utf-8") != text
    ]
    left = [name for name in there if name not in wanted]
    if not arguments.check:
        for name in left:
            there[name].unlink()
        for name in stale:
            (CATALOG / name).parent.mkdir(parents=True, exist_ok=True)
            (CATALOG / name).write_text(wanted[name], encoding="utf-8")
    for name in (*stale, *left):
        sys.stdout.write(f"{'stale' if arguments.check else 'wrote'}: catalog/{name}\n")
    return 1 if arguments.check and (stale or left) else 0


if __name__ == "__main__":
    sys.exit(main())
