# Made from openapi.yaml by openapi-python-client 0.29.1. Do not edit:
# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.
"""A client library for accessing Opper Chat Completions. Models are in `models`, typed dicts of the request in `params`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import AuthenticatedClient, Client

CONTRACT_VERSION = "1.0.0"
""" The version of the contract that this package is generated from: its `info.version`. """

__all__ = (
    "CONTRACT_VERSION",
    "AuthenticatedClient",
    "Client",
)


if not TYPE_CHECKING:  # to a type checker, a name that is not imported above is an error

    def __getattr__(name: str) -> object:
        if name not in ("AuthenticatedClient", "Client"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from . import client

        return getattr(client, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
