"""Make the source of a sync module from that of an async one.

Names lose the prefix `Async` or `async_`, or change by the table `NAMES`. The replacement works on Python's own tokens,
so that names are replaced as whole names. In strings and comments the same names are replaced, and `async` and `await`
where they stand before a word of code.
"""

from __future__ import annotations

import io
import re
import tokenize

NAMES = {
    "AsyncHTTPClient": "SyncHTTPClient",
    "DefaultAsyncHttpxClient": "DefaultHttpxClient",
    "AsyncByteStream": "SyncByteStream",
    "handle_async_request": "handle_request",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "aiter": "iter",
    "anext": "next",
    "_async": "_sync",
}
"""Names that change, in addition to those that only lose a prefix. A rule that nothing uses is an error."""

KEYWORDS = {"async", "await"}
PREFIX = re.compile(r"\b(_?(?:Any)?)(?:Async(?=[A-Z])|async_(?=[a-z]))")


def sync_source(source: str, used: set[str]) -> str:
    """Return the source of the sync module, and add the rules that it needed to `used`."""
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    # From the end to the start, so that earlier positions stay true.
    for token in reversed(tokens):
        row, column = token.start
        end_row, end_column = token.end
        if token.type not in (tokenize.NAME, tokenize.STRING, tokenize.COMMENT):
            continue
        before, after = lines[row - 1][:column], lines[end_row - 1][end_column:]
        if token.type == tokenize.NAME and token.string in KEYWORDS:
            new, after = "", after.lstrip(" ")
        elif token.type == tokenize.NAME:
            used.add(token.string)
            new = sync_name(token.string)
        else:
            new = sync_text(token.string)
        if new != token.string:
            lines[row - 1 : end_row] = (before + new + after).splitlines(keepends=True)
    return "".join(lines)


def sync_name(name: str) -> str:
    """Return the name of the sync counterpart."""
    return NAMES[name] if name in NAMES else PREFIX.sub(r"\1", name)


def sync_text(text: str) -> str:
    """Return a string or a comment with the names of the sync counterparts."""
    text = re.sub(r"\b\w+\b", lambda match: sync_name(match.group()), text)
    return re.sub(r"\basync (?=with|for|def)|\bawait (?=\w)", "", text)
