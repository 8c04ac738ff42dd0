"""The pytest plugin, in runs of pytest of its own, as a user's project would have them."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from opper_chat.testing import LocalServer, Reply

PLUGIN = "opper_chat.testing.plugin"


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project that has this package, and no other plugin."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini(f"[pytest]\naddopts = -p {PLUGIN} --strict-markers\nfilterwarnings = error\n")
    return pytester


def run(project: pytest.Pytester, *options: str, **outcomes: int) -> pytest.RunResult:
    """Run the project's tests in a process of their own, and check how many came out how."""
    result = project.runpytest_subprocess(*options)
    result.assert_outcomes(**outcomes)
    return result


def test_the_clients_talk_to_the_server(project: pytest.Pytester) -> None:
    """Both clients, and one that is made without arguments, in spite of a real key and address in the environment."""
    project.makepyfile("""
        import asyncio

        import pytest
        from opper_chat import AsyncOpper, Opper
        from opper_chat.testing import LocalServer, Reply

        HELLO = [{"role": "user", "content": "Hello"}]

        @pytest.fixture(autouse=True, scope="session")
        def _real_settings():
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("OPPER_API_KEY", "sk-real")
                patch.setenv("OPPER_HTTP_BEARER", "sk-real-as-well")
                patch.setenv("OPPER_BASE_URL", "http://127.0.0.1:9/real")
                patch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
                yield

        def test_sync(opper: Opper, opper_server: LocalServer) -> None:
            opper_server.reply(Reply.json({"type": "x", "message": "no"}, status=400), lambda request: None)
            with pytest.raises(Exception, match="no"):
                opper.chat.completions.create(messages=HELLO, model="a/b")
            answer = opper.chat.completions.create(messages=HELLO, model="a/b")
            assert "Hello" in answer.choices[0].message.content
            opper_server.assert_sent(model="a/b", messages=HELLO)

        @pytest.mark.parametrize("times", [1, 2])
        def test_async_in_loops_of_its_own(async_opper: AsyncOpper, opper_server: LocalServer, times: int) -> None:
            async def ask() -> None:
                await async_opper.chat.completions.create(messages=HELLO)
                async with await async_opper.chat.completions.create(messages=HELLO, stream=True) as stream:
                    assert [one async for one in stream]

            for _ in range(times):
                asyncio.run(ask())
            assert len(opper_server.requests) == 2 * times

        def test_without_arguments(opper_server: LocalServer) -> None:
            with Opper() as client:
                client.chat.completions.create(messages=HELLO)
            assert client.base_url == opper_server.base_url
            assert len(opper_server.requests) == 1

        def test_the_key_is_no_real_one(opper_server: LocalServer) -> None:
            import os
            import httpx
            def look(request):
                seen.append(request.headers["authorization"])
            with httpx.Client(event_hooks={"request": [look]}, trust_env=False) as own:
                Opper(http_client=own).chat.completions.create(messages=HELLO)
            assert seen == ["Bearer opper-local-key"]
            assert not [value for value in os.environ.values() if "sk-real" in value]

        seen = []

        def test_it_is_as_before() -> None:
            import os
            assert os.environ["OPPER_API_KEY"] == "sk-real"
    """)
    run(project, passed=6)


def test_async_tests_of_anyio(project: pytest.Pytester) -> None:
    """The async client in anyio's tests, on asyncio and on trio."""
    project.makepyfile("""
        import pytest
        from opper_chat import AsyncOpper

        pytestmark = pytest.mark.anyio

        @pytest.fixture(params=["asyncio", "trio"])
        def anyio_backend(request):
            return request.param

        async def test_it(async_opper: AsyncOpper, opper_server) -> None:
            for _ in range(2):
                await async_opper.chat.completions.create(messages=[{"role": "user", "content": "Hello"}])
            assert len(opper_server.requests) == 2
    """)
    run(project, "-p", "anyio", passed=2)


def test_a_failed_assertion_points_at_the_test(project: pytest.Pytester) -> None:
    """The line of the test and the difference, and none of this package's own lines."""
    project.makepyfile("""
        def test_it(opper, opper_server):
            opper.chat.completions.create(messages=[{"role": "user", "content": "Hello"}], model="a/b")
            opper_server.assert_sent(model="c/d")
    """)
    result = run(project, failed=1)
    result.stdout.fnmatch_lines(["E * model: expected 'c/d', got 'a/b'"])
    result.stdout.no_fnmatch_line("*_sent.py*")
    result.stdout.no_fnmatch_line("*_loopback.py*")


CASSETTES = """
    import pytest
    from opper_chat import Opper, OpperError

    def ask(content):
        with Opper() as client:
            return client.chat.completions.create(messages=[{"role": "user", "content": content}])

    class TestIt:
        @pytest.mark.parametrize("content", ["plain", "a/b", "a:b"])
        def test_ask(self, opper_cassette, content):
            assert content in ask(content).choices[0].message.content
            opper_cassette.assert_sent(messages=[{"role": "user", "content": content}])
"""


def test_cassettes_by_the_name_of_the_test(
    project: pytest.Pytester, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file for each test: recorded with the real key and address, and replayed without either."""
    monkeypatch.setenv("OPPER_API_KEY", "real-key-123")
    monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
    project.makepyfile(test_them=CASSETTES)
    result = run(project, errors=3)
    result.stdout.fnmatch_lines(["*CassetteFileError: There is no cassette *--opper-record=once*"])
    run(project, "--opper-record=once", passed=3)
    assert len(server.requests) == 3
    files = sorted(path.name for path in (project.path / "cassettes" / "test_them").iterdir())
    assert "TestIt.test_ask[plain].jsonl" in files
    assert len(files) == 3
    for name in files:
        assert "real-key-123" not in (project.path / "cassettes" / "test_them" / name).read_text("utf-8")
    monkeypatch.delenv("OPPER_API_KEY")
    monkeypatch.setenv("OPPER_BASE_URL", "http://127.0.0.1:9/nowhere")
    run(project, passed=3)
    monkeypatch.setenv("OPPER_RECORD", "all")
    run(project, "--opper-record=none", passed=3)
    assert len(server.requests) == 3


def test_a_request_that_matches_nothing_fails_the_test(
    project: pytest.Pytester, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At its end where it would have passed; a test that fails by itself fails once."""
    monkeypatch.setenv("OPPER_API_KEY", "real-key-123")
    monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
    text = (
        CASSETTES
        + """
    def test_swallowed(opper_cassette):
        try:
            ask("first")
        except OpperError:
            pass

    def test_failing(opper_cassette):
        ask("first")
"""
    )
    project.makepyfile(test_them=text)
    run(project, "--opper-record=once", "-k", "test_swallowed or test_failing", passed=2)
    project.makepyfile(test_them=text.replace('"first"', '"second"'))
    result = run(project, "-k", "test_swallowed or test_failing", passed=1, failed=1, errors=1)
    told = "*messages[[]0].content: expected 'first', got 'second'*"
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_swallowed*", told, "*test_failing*", told])


def test_settings_of_the_cassettes(
    project: pytest.Pytester, server: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the fixture that the project defines anew; what the command line records goes before them."""
    project.makeconftest(f"""
        import pytest

        @pytest.fixture
        def opper_cassette_settings():
            return {{"upstream": {server.base_url!r}, "ignore": ["user"], "record": "none"}}
    """)
    text = """
        import httpx

        def test_it(opper_cassette):
            body = {"messages": [], "user": USER}
            assert httpx.post(f"{opper_cassette.base_url}/chat/completions", json=body).status_code == 401
    """
    project.makepyfile(test_it=text.replace("USER", "1"))
    run(project, "--opper-record=all", passed=1)
    project.makepyfile(test_it=text.replace("USER", "2"))
    run(project, passed=1)
    assert len(server.requests) == 1


def test_loading_it_costs_next_to_nothing() -> None:
    """None of the libraries and none of the rooms, beside pytest itself."""
    code = (
        "import sys, pytest; before = set(sys.modules)\n"
        f"import {PLUGIN}\n"
        "print('\\n'.join(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {"opper_chat", "opper_chat._lazy_names", "opper_chat.testing", PLUGIN}
    assert packages >= set(done.stdout.split()) - {"zlib"}


@pytest.mark.parametrize("missing", ["uvicorn", "starlette", "jsonschema"])
def test_without_the_extra(project: pytest.Pytester, missing: str) -> None:
    """Nothing happens to tests that use none of its fixtures, and those that do are told what to install."""
    project.makeconftest(f"import sys; sys.modules[{missing!r}] = None")
    project.makepyfile("""
        def test_other(): pass
        def test_server(opper): pass
        def test_cassette(opper_cassette): pass
    """)
    result = project.runpytest_subprocess()
    assert result.parseoutcomes() == {"passed": 1, "errors": 2}
    result.stdout.fnmatch_lines(["*ImportError: *pip install 'opper-chat[[]testing]'*"])


def test_the_page_about_it(project: pytest.Pytester, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test on the page passes, its cassette recorded from a server and then replayed."""
    page = (Path(__file__).parents[1] / "docs" / "testing.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    project.makepyfile(test_page="\n".join(blocks))
    monkeypatch.setenv("OPPER_API_KEY", "key")
    monkeypatch.setenv("OPPER_BASE_URL", server.base_url)
    run(project, "--opper-record=once", passed=4)
    monkeypatch.delenv("OPPER_BASE_URL")
    run(project, passed=4)
    assert len(server.requests) == 1


def test_the_entry_point() -> None:
    """The module, under the name of the plugin."""
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["entry-points"]["pytest11"] == {"opper_chat": PLUGIN}


def test_this_suite_has_only_what_is_public() -> None:
    """No test and no benchmark takes anything private from the kit."""
    root = Path(__file__).parents[1]
    files = [path for folder in ("tests", "benchmarks", "examples", "docs") for path in (root / folder).rglob("*.*")]
    texts = {path: path.read_text("utf-8") for path in files if path.suffix in (".py", ".md")}
    private = "opper_chat.testing" + "._"
    assert [str(path) for path, text in texts.items() if private in text] == []


def test_scripted_replies_are_gone_after_the_test(opper_server: LocalServer) -> None:
    """A server of its own for each test."""
    assert opper_server.requests == []
    opper_server.reply(Reply.json(1))
