"""Base images are pinned by what an engine says of them."""

from pathlib import Path

import pytest

from tests.docs.checkout import ROOT
from tools.image_size import worded
from tools.pin import BASE, Unpinnable, pinned

ENGINE = """#!/bin/sh
case "$1 $*" in
pull*nowhere*) echo "no such image" >&2; exit 1 ;;
image*) echo "docker.io/library/x@sha256:$(printf '%s' "$5" | sha256sum | cut -c1-64)" ;;
esac
"""
"""Answers as docker and podman do: `pull`, and `image inspect` with what the registry calls it."""


@pytest.fixture
def engine(tmp_path: Path) -> str:
    """Give a program that stands in for an engine and its registry."""
    path = tmp_path / "engine"
    path.write_text(ENGINE, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_each_base_gets_the_digest_of_its_tag_and_a_newer_one_later(engine: str) -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    once = pinned(text, engine)
    assert [found[1] for found in BASE.findall(once)] == [found[1] for found in BASE.findall(text)]
    digests = [found[2] for found in BASE.findall(once)]
    assert len(set(digests)) == len(digests) == 2 and all(len(one) == len("@sha256:") + 64 for one in digests)
    assert pinned(once.replace(digests[0], "@sha256:" + "0" * 64), engine) == once
    lines = zip(text.splitlines(), once.splitlines(), strict=True)
    assert all(new.startswith(old.partition("@")[0]) for old, new in lines if old != new)


def test_an_image_that_cannot_be_had_and_an_engine_that_is_not_there_are_named(engine: str) -> None:
    with pytest.raises(Unpinnable, match="cannot pull nowhere/x:1: no such image"):
        pinned("ARG SERVER_BASE=nowhere/x:1\n", engine)
    with pytest.raises(Unpinnable, match="There is no /no/engine here"):
        pinned("ARG SERVER_BASE=x:1\n", "/no/engine")


def test_a_size_is_worded() -> None:
    assert worded("61000000 2345\n", 143_000_000) == "143 MB, of it 61 MB in 2,345 files of ours"
