"""A web server that streams completions to a page as server-sent events, and stops the model when the browser leaves.

`uvicorn app:app` serves it; the page is `page.html`. It needs `pip install 'fastapi>=0.135' 'uvicorn>=0.32'`, and
`OPPER_API_KEY`.
"""

import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Request
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from opper_chat import APIError, AsyncOpper
from pydantic import BaseModel, Field

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")
PAGE = Path(__file__).with_name("page.html")

logger = logging.getLogger(__name__)


class State(TypedDict):
    """What all requests share."""

    client: AsyncOpper


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncGenerator[State]:
    """Open one client when the server starts, and close it when the server stops."""
    async with AsyncOpper(first_token_timeout=60, idle_timeout=20, deadline=300) as client:
        yield {"client": client}


def shared_client(request: Request) -> AsyncOpper:
    """Return the client that all requests share."""
    client: AsyncOpper = request.state.client
    return client


async def open_exit_stack() -> AsyncGenerator[AsyncExitStack]:
    """Yield a stack. What is on it is closed when the response has ended or the browser has left."""
    async with AsyncExitStack() as stack:
        yield stack


class Question(BaseModel):
    """The body of a request."""

    text: str = Field(min_length=1, max_length=4000)


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def page() -> FileResponse:
    """Send the page."""
    return FileResponse(PAGE)


@app.post("/completions", response_class=EventSourceResponse)
async def stream_completion(
    question: Question,
    client: Annotated[AsyncOpper, Depends(shared_client)],
    stack: Annotated[AsyncExitStack, Depends(open_exit_stack)],
) -> AsyncIterator[ServerSentEvent]:
    """Send each fragment of the text as an event `text`, then one event `done` or `failed`."""
    try:
        stream = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": question.text}], stream=True
        )
        # Not `async with`: FastAPI does not close a generator that waits at `yield` when the browser leaves.
        await stack.enter_async_context(stream)
        async for text in stream.text_stream:
            yield ServerSentEvent(event="text", data=text)
        completion = await stream.get_final_completion()
    except APIError as error:
        logger.warning("A completion failed after %d chunks.", error.chunks_received, exc_info=error)
        yield ServerSentEvent(event="failed", data="The model did not finish. Please try again.")
    else:
        yield ServerSentEvent(event="done", data=completion.choices[0].finish_reason)
