"""The HTTP library that the tests make clients of: the one that is used where none is brought."""

from opper_chat._http.library import httpx

__all__ = ["httpx"]
