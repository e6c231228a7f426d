"""A family as an ASGI app, for uvicorn here and on Cloud Run."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from tiercel.registry import Family

if TYPE_CHECKING:
    from fastapi import FastAPI


def lazy_app(family: Family, *, long_running: bool = False) -> "Callable[[str], FastAPI]":
    """Give a module's `__getattr__` that builds `app` when a server asks for it, not for other doors."""

    @cache
    def build() -> "FastAPI":
        from tiercel.http.app import create_app

        return create_app(family, long_running=long_running)

    def attribute(name: str) -> "FastAPI":
        if name == "app":
            return build()
        raise AttributeError(f"{family.package}.app has no attribute '{name}'")

    return attribute
