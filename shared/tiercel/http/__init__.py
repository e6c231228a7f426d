"""HTTP both ways: the guarded client, and the app that serves a family."""
