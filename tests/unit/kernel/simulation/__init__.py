"""Random flows under random schedules and mishaps, against an executable specification."""
