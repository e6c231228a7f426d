"""Run a flow with every family as a Lambda function of its own, behind one gateway: `make demo-bundle`."""

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

from tiercel.registry import Registry
from tiercel.routing import family_base

FLOW = "examples/seattle-weather.yaml"


def main(arguments: list[str]) -> int:
    """Start the gateway, run the flow with the families' addresses behind it, and stop the gateway."""
    tiercel = str(Path(sys.executable).with_name("tiercel"))
    environment = {"TIERCEL_JWT_SECRET": secrets.token_hex(32), **os.environ}
    command = [tiercel, "gateway", "--port", "0"]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert gateway.stdout is not None
        line = gateway.stdout.readline()
        sys.stdout.write(line)
        sys.stdout.flush()
        found = re.search(r"http://[\w.:\[\]]+\w", line)
        if found is None:
            return gateway.wait()
        urls = {name: found[0] + family_base(name) for name in Registry.installed().families}
        environment["TIERCEL_FAMILY_URLS"] = json.dumps(urls)
        return subprocess.run(
            [tiercel, "run", *(arguments or [FLOW])], env=environment, check=False
        ).returncode
    finally:
        gateway.terminate()
        gateway.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
