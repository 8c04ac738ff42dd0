"""A Celery task that calls a model: the client retries for seconds, Celery for minutes.

`celery -A celery_tasks worker` runs it. It needs `pip install celery`, `OPPER_API_KEY`, and the addresses of the broker
and the result backend in `CELERY_BROKER_URL` and `CELERY_RESULT_BACKEND`.
"""

import os
from functools import cache

from celery import Celery, Task
from opper_chat import APIError, Opper

MODEL = os.environ.get("OPPER_MODEL", "openai/gpt-4o-mini")

RETRY_SECONDS = 30
"""How long Celery waits before the first retry. It doubles the wait for each further one."""

app = Celery("celery_tasks")
app.conf.update(
    task_acks_late=True,  # if a worker is killed, another one gets its task
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,  # tasks are long: leave the next one to a worker that is free
)


@cache
def shared_client() -> Opper:
    """Return the client of this worker process. It is created by the first task and kept for the next ones."""
    return Opper(deadline=90)


@app.task(bind=True, max_retries=5, soft_time_limit=100, time_limit=120)
def summarize(self: "Task[[str], str]", text: str) -> str:
    """Summarize a text."""
    try:
        completion = shared_client().chat.completions.create(
            model=MODEL,
            messages=[{"role": "system", "content": "Summarize the text."}, {"role": "user", "content": text}],
        )
    except APIError as error:
        if not error.is_retryable:
            raise
        raise self.retry(exc=error, countdown=RETRY_SECONDS * 2**self.request.retries) from error
    return completion.text
