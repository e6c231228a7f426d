"""A family on Cloud Run, or wherever a server listens: `python -m tiercel.adapters.cloud_run tiercel_sql`."""

import os
import sys

from tiercel.errors import TiercelError


def main(package: str | None = None) -> None:
    """Serve a family on $PORT; the package comes by argument or TIERCEL_FAMILY."""
    import uvicorn

    package = package or next(iter(sys.argv[1:]), None) or os.environ.get("TIERCEL_FAMILY")
    if not package:
        raise TiercelError(
            "Name the family to serve: an argument or TIERCEL_FAMILY, for example tiercel_sql."
        )
    # what a proxy says of the caller is not believed: the socket decides who is on this machine
    uvicorn.run(
        f"{package}.app:app", host="0.0.0.0", port=int(os.environ.get("PORT", "8080")), proxy_headers=False
    )


if __name__ == "__main__":
    main()
