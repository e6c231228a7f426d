"""What starts executions by itself: states that others reach, and calls from outside."""
