"""The functions: plain functions of the run and the arguments; the tables stand in `libraries`."""
