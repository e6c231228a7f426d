"""The cloud family: the object stores, queues and services of the clouds."""

from tiercel.registry import Family

FAMILY = Family.of(__name__)
