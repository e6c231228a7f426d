"""The command line: `tiercel`."""


def main() -> None:
    """Run the command line; its modules are imported only now, since the library never needs them."""
    from tiercel_orchestrator.cli.app import run_app

    run_app()
