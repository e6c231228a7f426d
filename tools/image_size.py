"""Say how large an image is and how many files of ours are in it: `python -m tools.image_size TAG`."""

import os
import subprocess
import sys

PLACES = ("/var/task", "/app")
COUNT = f"""
import os
files = [os.path.join(d, n) for place in {PLACES!r} for d, _, names in os.walk(place) for n in names]
print(sum(map(os.path.getsize, files)), len(files))
"""
"""Run by the image's own Python: its base may have neither `find` nor `du`."""


def worded(counted: str, whole: int | None = None) -> str:
    """Word what `COUNT` printed; `whole`: the size of the image in bytes."""
    size, files = map(int, counted.split())
    image = "" if whole is None else f"{whole / 1e6:.0f} MB, of it "
    return f"{image}{size / 1e6:.0f} MB in {files:,} files of ours"


def main(tag: str) -> int:
    """Print the line of one image."""
    engine = os.environ.get("ENGINE", "docker")
    counting = [engine, "run", "--rm", "--network", "none", "--entrypoint", "python3", tag, "-c", COUNT]
    counted = subprocess.run(counting, capture_output=True, text=True, check=True).stdout
    sizing = [engine, "image", "inspect", "--format", "{{.Size}}", tag]
    whole = subprocess.run(sizing, capture_output=True, text=True, check=True).stdout
    sys.stdout.write(f"{tag}: {worded(counted, int(whole))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
