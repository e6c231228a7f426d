"""The sql family: queries on databases and query engines."""

from tiercel.registry import Family

FAMILY = Family.of(__name__)
