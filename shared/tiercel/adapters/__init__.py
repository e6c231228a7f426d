"""Where a family runs: the only code that knows the cloud it is called by."""
