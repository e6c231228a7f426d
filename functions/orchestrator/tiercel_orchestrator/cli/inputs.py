"""Inputs from the command line: `-i name=value`; a FILE input takes a path."""

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from tiercel.errors import InvalidFlow, Problem
from tiercel.flows.models import Flow, Input

NAMESPACE_FILE = "nsfile:///"


def parse_pairs(pairs: Iterable[str]) -> dict[str, str]:
    """Read `name=value` pairs; `InvalidFlow` names those that are none."""
    values: dict[str, str] = {}
    bad = []
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            bad.append(Problem(f"-i {pair}: write it as name=value."))
        values[name] = value
    if bad:
        raise InvalidFlow(bad[0].message, tuple(bad))
    return values


def with_files(flow: Flow, given: Mapping[str, str], flow_file: Path) -> dict[str, Any]:
    """Turn the values of FILE inputs into paths, relative to where the command runs.

    A default `nsfile:///x` that nobody overrides is read beside the flow's file: on a laptop its folder
    holds the namespace's files.
    """
    values: dict[str, Any] = dict(given)
    for declared in flow.inputs:
        if declared.type != "FILE":
            continue
        if declared.id in given:
            if not given[declared.id].startswith("kestra://"):
                values[declared.id] = _existing(Path(given[declared.id]), declared.id)
        elif (path := _default_beside(declared, flow_file)) is not None:
            values[declared.id] = path
    return values


def _existing(path: Path, name: str) -> Path:
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "does not exist"
        raise InvalidFlow(f"Input '{name}': {path} {what}; give the path of a file.")
    return path


def _default_beside(declared: Input, flow_file: Path) -> Path | None:
    default = declared.properties.get("defaults")
    if not isinstance(default, str) or not default.startswith(NAMESPACE_FILE):
        return None
    name = PurePosixPath(default.removeprefix(NAMESPACE_FILE))
    if name.is_absolute() or ".." in name.parts:
        return None
    path = flow_file.parent / name
    return path if path.is_file() else None


def with_remedy(flow: Flow, error: InvalidFlow) -> InvalidFlow:
    """Say beside each input that is wrong how it is given here."""
    types = {declared.id: declared.type for declared in flow.inputs}
    problems = tuple(
        Problem(f"{one.message}; give it as -i {one.path}={types[one.path]}", one.path)
        if one.path in types
        else one
        for one in error.problems
    )
    return InvalidFlow(str(error), problems)
