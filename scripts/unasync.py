"""The sync twin of an async module.

Works on Python's own tokens, so that names are replaced as names and never as parts of strings or other
words; docstrings and comments have a short list of words of their own.
"""

from __future__ import annotations

import io
import re
import tokenize

NAMES = {
    "AsyncOpper": "Opper",
    "AsyncChat": "Chat",
    "AsyncCompletions": "Completions",
    "AsyncConversation": "Conversation",
    "AsyncStream": "Stream",
    "AsyncEventStream": "EventStream",
    "AsyncStreamManager": "StreamManager",
    "AsyncParsedStream": "ParsedStream",
    "AsyncParsedStreamManager": "ParsedStreamManager",
    "AsyncBeta": "Beta",
    "AsyncReading": "Reading",
    "AsyncAccept": "Accept",
    "AsyncCalls": "Calls",
    "AsyncRawCompletions": "RawCompletions",
    "AsyncRawResponse": "RawResponse",
    "AsyncRawStream": "RawStream",
    "AsyncStreamedCompletions": "StreamedCompletions",
    "AsyncStreamedResponse": "StreamedResponse",
    "AsyncStreamedResponseManager": "StreamedResponseManager",
    "AsyncTurn": "Turn",
    "_AsyncResponse": "_Response",
    "AsyncHTTPClient": "SyncHTTPClient",
    "AsyncKeySource": "KeySource",
    "AsyncHTTP": "HTTP",
    "AsyncConnection": "Connection",
    "AsyncNetworkStream": "NetworkStream",
    "AsyncPool": "Pool",
    "AsyncReplyBody": "ReplyBody",
    "AsyncLender": "Lender",
    "AsyncReply": "Reply",
    "AnyAsyncReply": "AnyReply",
    "AsyncBorrowedClient": "BorrowedClient",
    "AsyncBorrowedReply": "BorrowedReply",
    "AsyncLibraryBody": "LibraryBody",
    "AsyncSender": "Sender",
    "AsyncToolStream": "ToolStream",
    "AsyncWorkers": "Workers",
    "AsyncBeforeCall": "BeforeCall",
    "AsyncOnEvent": "OnEvent",
    "AsyncGate": "Gate",
    "AsyncRateLimiters": "RateLimiters",
    "AsyncLimiter": "Limiter",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncHTTPTransport": "HTTPTransport",
    "AsyncByteStream": "SyncByteStream",
    "handle_async_request": "handle_request",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "AsyncGenerator": "Generator",
    "AsyncContextManager": "ContextManager",
    "StopAsyncIteration": "StopIteration",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "aread": "read",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "aiter": "iter",
    "anext": "next",
    "_async_body": "_body",
    "_async_borrowed": "_borrowed",
    "_async_calls": "_calls",
    "_async_client": "_client",
    "_async_connection": "_connection",
    "_async_stream": "_stream",
    "_async_completions": "_completions",
    "_async_conversation": "_conversation",
    "_async_event_stream": "_event_stream",
    "_async_http": "_http",
    "_async_library_body": "_library_body",
    "_async_network": "_network",
    "_async_parsing": "_parsing",
    "_async_pool": "_pool",
    "_async_raw": "_raw",
    "_async_reply": "_reply",
    "_async_run": "_run",
    "_async_workers": "_workers",
    "_async_bell": "_bell",
    "_async_gate": "_gate",
    "_async_limiter": "_limiter",
    "_async_sender": "_sender",
    "_async_wait": "_wait",
}
KEYWORDS = {"async", "await"}


def sync_source(source: str) -> str:
    """Return the source of the sync module made from an async one."""
    lines = source.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    # From the end to the start, so that earlier positions stay true.
    for token in reversed(tokens):
        row, column = token.start
        end_row, end_column = token.end
        if token.type == tokenize.NAME and token.string in KEYWORDS:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + line[end_column:].lstrip(" ")
        elif token.type == tokenize.NAME and token.string in NAMES:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + NAMES[token.string] + line[end_column:]
        elif token.type in (tokenize.STRING, tokenize.COMMENT):
            new = _text(token.string)
            if new != token.string:
                before, after = lines[row - 1][:column], lines[end_row - 1][end_column:]
                lines[row - 1 : end_row] = (before + new + after).splitlines(keepends=True)
    return "".join(lines)


def _text(text: str) -> str:
    """Replace in a string or a comment what would tell a reader of the sync module the wrong thing."""
    text = re.sub(r"\b(" + "|".join(map(re.escape, NAMES)) + r")\b", lambda match: NAMES[match.group()], text)
    return re.sub(r"\basync (?=with|for|def)|\bawait (?=\w)", "", text)
