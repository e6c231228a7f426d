"""`python -m tiercel_orchestrator`: the command line, where the package is on the path and not installed."""

from tiercel_orchestrator.cli import main

if __name__ == "__main__":
    main()
