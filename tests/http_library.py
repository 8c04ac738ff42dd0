"""The HTTP library that the tests make clients of: the one that is used where none is brought."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx
else:
    from opper_chat._http.library import default_library

    httpx = default_library()
