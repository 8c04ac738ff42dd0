"""Where settings come from, and which are refused."""

import pickle
from threading import TIMEOUT_MAX
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from http_library import httpx
from opper_chat import AsyncOpper, InvalidArgumentError, MissingKeyError, Opper
from opper_chat._config.base_url import find_base_url
from opper_chat._config.environment import Secret, find_key


def test_the_key_is_looked_for_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, then the current variable, then the previous one."""
    monkeypatch.setenv("OPPER_HTTP_BEARER", "old")
    assert find_key(None).reveal() == "old"
    monkeypatch.setenv("OPPER_API_KEY", " new\n")
    assert find_key(None).reveal() == "new"
    assert find_key("given").reveal() == "given"
    monkeypatch.setenv("OPPER_API_KEY", "")
    assert find_key(None).reveal() == "old"


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
def test_a_missing_key_says_where_it_was_looked_for(client: Any) -> None:
    """Both variables, and the argument."""
    with pytest.raises(MissingKeyError, match=r"api_key=.*OPPER_API_KEY or OPPER_HTTP_BEARER") as caught:
        client()
    assert caught.value.variables == ("OPPER_API_KEY", "OPPER_HTTP_BEARER")


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel", 5, b"bytes"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(key: Any) -> None:
    """An error that names the argument and never the key."""
    with pytest.raises(InvalidArgumentError) as caught:
        Opper(api_key=key)
    assert caught.value.argument == "api_key"
    assert str(key).strip() == "" or str(key) not in str(caught.value)


def test_a_secret_is_not_printed_or_pickled() -> None:
    """A repr without it, and a refusal."""
    secret = Secret("sesame")
    assert "sesame" not in f"{secret!r} {secret} {[secret]}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)


def test_the_key_is_in_no_repr_of_a_client() -> None:
    """The address is."""
    with Opper(api_key="sesame", base_url="http://127.0.0.1:1/") as client:
        assert repr(client) == "Opper(base_url='http://127.0.0.1:1')"


def test_the_address_is_looked_for_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The argument, then the variable, then the documented one."""
    assert find_base_url() == "https://api.opper.ai/v2/openai"
    monkeypatch.setenv("OPPER_BASE_URL", "http://127.0.0.1:8000/v1/")
    assert find_base_url() == "http://127.0.0.1:8000/v1"
    assert find_base_url(httpx.URL("https://api.opper.ai/v3/compat")) == "https://api.opper.ai/v3/compat"


@pytest.mark.parametrize(
    "address",
    [
        "api.opper.ai",
        "",
        "ftp://x",
        "http://",
        "https://x:99999",
        "http://x/?a=1",
        "http://x/#a",
        "http://a b",
        "/v1",
        "https://x/v1#",
        "https://x/v1?",
        "https://x#",
        "https://x/v1\n",
    ],
)
def test_a_bad_address_is_refused(address: str) -> None:
    """An error that names the argument and the address."""
    with pytest.raises(InvalidArgumentError) as caught:
        Opper(api_key="key", base_url=address)
    assert caught.value.argument == "base_url"
    assert caught.value.received in (repr(address), "one with them (not shown)")


class SettingsUrl:
    """A URL of another library, such as pydantic's `HttpUrl`."""

    def __str__(self) -> str:
        return "https://me:sesame@api.opper.ai"


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
@pytest.mark.parametrize("source", ["argument", "with_options"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "got an integer."),
        (True, "got a boolean."),
        (b"https://me:sesame@api.opper.ai", "got bytes."),
        (["https://api.opper.ai"], "got a list."),
        (urlsplit("https://me:sesame@api.opper.ai"), "got a SplitResult."),
        (SettingsUrl(), "got a SettingsUrl. Convert it with str()."),
    ],
)
def test_a_base_url_that_is_neither_a_string_nor_a_url_is_refused(
    client: Any, source: str, given: Any, said: str
) -> None:
    """The error names both and the type that was given, but not the value, which may hold a password."""
    with pytest.raises(InvalidArgumentError) as caught:
        if source == "argument":
            client(api_key="key", base_url=given)
        else:
            client(api_key="key").with_options(base_url=given)
    expected = "base_url: expected a string such as 'https://api.opper.ai/v2/openai', or an httpx.URL, "
    assert str(caught.value) == expected + said


class OwnURL(httpx.URL):
    """A subclass of a caller's own."""


class OwnString(str):
    """A subclass of a caller's own."""

    __slots__ = ()


@pytest.mark.parametrize("url", [httpx.URL, httpx2.URL, OwnURL, OwnString])
def test_a_base_url_is_a_string_or_a_url_of_either_library(url: Any) -> None:
    """Their subclasses are, too."""
    with Opper(api_key="key", base_url=url("http://127.0.0.1:8000/v1/")) as client:
        assert client.base_url == "http://127.0.0.1:8000/v1"


def test_a_bad_address_of_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, not the argument that nobody gave."""
    monkeypatch.setenv("OPPER_BASE_URL", "localhost:8000")
    with pytest.raises(InvalidArgumentError, match=r"OPPER_BASE_URL: expected an address"):
        Opper(api_key="key")


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
@pytest.mark.parametrize("source", ["argument", "variable", "with_options"])
@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://api.opper.ai", "https://api.opper.ai/v2/openai"),
        ("https://api.opper.ai/", "https://api.opper.ai/v2/openai"),
        ("https://API.Opper.AI", "https://API.Opper.AI/v2/openai"),
        ("https://api.opper.ai.", "https://api.opper.ai./v2/openai"),
        ("https://api.eu.opper.ai:8443//", "https://api.eu.opper.ai:8443/v2/openai"),
        ("https://api.opper.ai/v3/compat", "https://api.opper.ai/v3/compat"),
        ("https://api.opper.ai/v2/openai/", "https://api.opper.ai/v2/openai"),
        ("https://notopper.ai", "https://notopper.ai"),
        ("https://opper.ai.example.com", "https://opper.ai.example.com"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
    ],
)
def test_a_host_of_the_vendor_gets_the_documented_path(
    monkeypatch: pytest.MonkeyPatch, client: Any, source: str, given: str, used: str
) -> None:
    """The vendor's own SDK and command read `OPPER_BASE_URL` as the host; no other host is changed."""
    if source == "variable":
        monkeypatch.setenv("OPPER_BASE_URL", given)
    made = client(api_key="key", base_url=given if source == "argument" else None)
    if source == "with_options":
        made = made.with_options(base_url=given)
    assert made.base_url == used


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
@pytest.mark.parametrize("source", ["base_url", "OPPER_BASE_URL"])
@pytest.mark.parametrize("end", ["", "/", "//"])
@pytest.mark.parametrize("prefix", ["https://api.opper.ai/v2/openai", "http://[::1]:8000/v1", "https://x/%7Ea"])
def test_an_address_with_the_path_of_the_endpoint_is_refused(
    monkeypatch: pytest.MonkeyPatch, client: Any, source: str, prefix: str, end: str
) -> None:
    """The error names what to leave out, and the address that remains."""
    monkeypatch.setenv("OPPER_BASE_URL", f"{prefix}/chat/completions{end}")
    given = f"{prefix}/Chat/Completions{end}" if source == "base_url" else None
    with pytest.raises(InvalidArgumentError, match="Leave out '/chat/completions'") as caught:
        client(api_key="key", base_url=given)
    assert caught.value.argument == source
    assert str(caught.value).endswith(f"{prefix!r}.")


@pytest.mark.parametrize("client", [Opper, AsyncOpper])
@pytest.mark.parametrize("end", ["#", "?", "?#", "/?", "#part", "?api-version=sesame", "?api-version=sesame#part"])
def test_what_follows_the_path_of_the_endpoint_does_not_hide_it(client: Any, end: str) -> None:
    """The error names both, and does not show the query."""
    with pytest.raises(InvalidArgumentError) as caught:
        client(api_key="key", base_url=f"https://x/v1/chat/completions{end}")
    text = str(caught.value)
    assert "without query, fragment or spaces" in text
    assert "Leave out '/chat/completions' too" in text
    assert ("default_query" in text) == ("sesame" in end)
    assert "sesame" not in text


def test_a_password_in_the_address_is_refused_unseen() -> None:
    """An error without the password."""
    with pytest.raises(InvalidArgumentError) as caught:
        Opper(api_key="key", base_url="https://me:sesame@x")
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("timeout", [-1, 0, float("nan"), float("inf"), True, "5", httpx.Timeout(5, read=-1)])
def test_a_bad_timeout_is_refused(timeout: Any) -> None:
    """An error that names the timeout and what is accepted."""
    with pytest.raises(InvalidArgumentError, match=r"^timeout(\.read)?: expected a number of seconds above 0"):
        Opper(api_key="key", timeout=timeout)


@pytest.mark.parametrize("option", ["timeout", "first_token_timeout", "idle_timeout", "deadline"])
@pytest.mark.parametrize("seconds", [TIMEOUT_MAX * 1.01, 1e300, 10**400], ids=["little", "float", "int"])
def test_a_timeout_that_sockets_cannot_wait_is_refused(option: str, seconds: float) -> None:
    """Sockets and locks would raise an OverflowError in the middle of a call."""
    options: Any = {option: seconds}
    with pytest.raises(InvalidArgumentError, match=r"above 0.*The largest accepted value is \d+\. Use None"):
        Opper(api_key="key", **options)


def test_the_largest_timeout_is_accepted(opper: Opper) -> None:
    """The socket accepts it."""
    patient = opper.with_options(
        timeout=TIMEOUT_MAX, first_token_timeout=TIMEOUT_MAX, idle_timeout=TIMEOUT_MAX, deadline=TIMEOUT_MAX
    )
    with patient.chat.completions.create(messages=[{"role": "user", "content": "Hi"}], stream=True) as stream:
        assert stream.get_final_text()
