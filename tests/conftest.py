"""What every test has: an environment without keys, a local server, and a client in both flavours."""

from collections.abc import Iterator

import pytest
from flavours import Flavour
from opper_chat.testing import LocalServer


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPPER_API_KEY", "OPPER_HTTP_BEARER", "OPPER_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture(params=["sync", "async"])
def flavour(request: pytest.FixtureRequest) -> Flavour:
    return Flavour(request.param)
