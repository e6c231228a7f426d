"""A cold start on Lambda, where every millisecond is somebody's wait and is billed.

Imported before anything else of a function, so that it holds for all of it.
"""

import gc
import os

STARTING = "AWS_LAMBDA_RUNTIME_API" in os.environ
if STARTING:
    # what is imported stays: searching it for garbage finds nothing, now or later
    gc.disable()
    # pydantic reads the metadata of every package for plugins of its own; who has one sets this to ""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def over() -> None:
    """Search for garbage from now on, in what comes from now on."""
    global STARTING
    if STARTING:
        STARTING = False
        gc.freeze()
        gc.enable()
