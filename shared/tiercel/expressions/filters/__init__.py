"""The filters: plain functions of the run, the value and the arguments; the tables stand in `libraries`."""
