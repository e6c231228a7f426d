"""Pin the base images of the Dockerfile by digest: `make pin`, on a machine that can pull them.

A tag may be moved; a digest names one image. The tag stays beside it, for people.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

BASE = re.compile(r"^(ARG [A-Z]+_BASE=)([^@\s]+)(@sha256:[0-9a-f]{64})?$", re.MULTILINE)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Unpinnable(Exception):
    """A digest cannot be learnt; the text says why."""


def digest_of(engine: str, image: str) -> str:
    """Pull an image and give the digest that its registry knows it by."""
    asked = [[engine, "pull", "--quiet", image]]
    asked += [[engine, "image", "inspect", "--format", "{{index .RepoDigests 0}}", image]]
    said = ""
    for command in asked:
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Unpinnable(f"There is no {engine} here; name another by ENGINE=podman.") from None
        if ran.returncode != 0:
            raise Unpinnable(f"{engine} cannot pull {image}: {ran.stderr.strip()}")
        said = ran.stdout
    found = DIGEST.search(said)
    if found is None:
        raise Unpinnable(f"{engine} knows no digest of {image}; pull it from a registry.")
    return found[0]


def pinned(dockerfile: str, engine: str) -> str:
    """Give a Dockerfile each of whose bases has its tag and its digest of today."""
    return BASE.sub(lambda found: f"{found[1]}{found[2]}@{digest_of(engine, found[2])}", dockerfile)


def main() -> int:
    """Rewrite the Dockerfile of this directory."""
    path = Path("Dockerfile")
    try:
        path.write_text(
            pinned(path.read_text(encoding="utf-8"), os.environ.get("ENGINE", "docker")), encoding="utf-8"
        )
    except Unpinnable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(
        "".join(f"{line[0]}{line[1]}{line[2]}\n" for line in BASE.findall(path.read_text("utf-8")))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
