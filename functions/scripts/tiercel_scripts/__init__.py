"""The scripts family: Python, shell and other interpreters as child processes."""

from tiercel.registry import Family

FAMILY = Family.of(__name__)
