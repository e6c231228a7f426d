"""Images, built and run: `pytest -m containers`."""
