"""Cookies of httpx that look only at responses that set some.

httpx converts each request and response to the classes of urllib, to pass them to the cookie jar, which takes a tenth
of the time of a call. What a cookie means is decided by httpx and the jar alone.
"""

from __future__ import annotations

from .library import httpx

SET_COOKIE = ("set-cookie", "set-cookie2")
"""The headers that `http.cookiejar` reads."""


class Cookies(httpx.Cookies):
    """Cookies in a jar. Those of an `httpx.Client` are in its attribute ``cookies``."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """Store the cookies of a response in the jar."""
        if any(name in response.headers for name in SET_COOKIE):
            super().extract_cookies(response)
