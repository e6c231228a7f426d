"""Imported by the process that children are forked off: what a first execution would import."""

from tiercel.registry import Registry

REGISTRY = Registry.installed()
