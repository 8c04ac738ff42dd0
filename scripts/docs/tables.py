"""Tables of the reference that are derived from the code: what no docstring has.

Each public function returns Markdown. `reference.toml` says which page has it.
"""

from __future__ import annotations

import argparse
import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import get_args, get_origin

import opper_chat
from opper_chat.cli import main
from opper_chat.cli.exit_codes import ExitCode

from .names import SiteError, public_names

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "wrapper" / "opper_chat"

EXTRAS = {
    "cli": "the [command line](command-line.md)",
    "batch": "Parquet files and JSON Schemas of [batches](../batch.md)",
    "httpx2": "[httpx2](../clients.md#httpx-httpx2-proxies-and-certificates) in place of httpx, if "
    "`OPPER_HTTP_LIBRARY=httpx2` is set",
    "ray": "batches on a [Ray cluster](../ray.md)",
    "otel": "spans and metrics for [OpenTelemetry](../observability.md#opentelemetry)",
    "testing": "the [local server](../local-server.md), the [faulty proxy](../faulty-network.md) and "
    "[cassettes](../testing.md#cassettes)",
}
"""What each extra is for."""

VARIABLES = {
    "OPPER_CHAT_HOME": "Of the command line: one folder for its configuration, templates and conversations.",
    "OPPER_HOME": "Of the command line: the folder in which the vendor's command `opper` keeps keys.",
    "NO_COLOR": "Of the command line: if it is not empty, the output has no colours.",
    "FORCE_COLOR": "Of the command line: if it is neither empty nor `0`, the output is formatted, even in a file.",
    **dict.fromkeys(
        ("VISUAL", "EDITOR"),
        "Of the command line: the editor for templates; `VISUAL` has precedence. Default: `vi`, on Windows `notepad`.",
    ),
    "PYTHONIOENCODING": "Of the command line on Windows: the encoding of pipes and files, in place of UTF-8.",
    "TERM": "Of the command line: `dumb` means that the terminal can show no formatted output.",
    "SSL_CERT_FILE": "A file with the certificates to trust, in place of those of certifi.",
    "SSL_CERT_DIR": "A folder with the certificates to trust, if `SSL_CERT_FILE` is not set.",
    "SSLKEYLOGFILE": "A file to which TLS keys are written, for programs that analyse network traffic.",
    "NO_PROXY": "Hosts and networks that are reached without a proxy. The variable in lower case has precedence.",
    "no_proxy": "Hosts and networks that are reached without a proxy. The variable in lower case has precedence.",
}
"""What the variables do that have no docstring in the code."""

OTHER_VARIABLES = {
    "XDG_CONFIG_HOME": "Of the command line, if `OPPER_CHAT_HOME` is not set: the folder above its configuration and "
    "templates. On Windows it is `APPDATA`.",
    "XDG_DATA_HOME": "Of the command line, if `OPPER_CHAT_HOME` is not set: the folder above its conversations. On "
    "Windows it is `LOCALAPPDATA`.",
    **dict.fromkeys(
        ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"),
        "The [proxy](../clients.md#httpx-httpx2-proxies-and-certificates) for `http`, for `https`, and for both. The "
        "variables in lower case have precedence.",
    ),
}
"""Variables whose names the code does not spell out."""

ATTRIBUTE = re.compile(r"(?:gen_ai|opper_chat|server|error)\.[a-z_.]+")
"""The name of an attribute or a metric of OpenTelemetry."""


def exceptions() -> str:
    """Return the tree of the exceptions, each with the first sentence of its docstring."""
    names = {
        value: name
        for name, value in public_names().items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    lines = ["## The hierarchy", ""]

    def add(parent: type | None, depth: int) -> None:
        for cls, name in names.items():
            if next((base for base in cls.__mro__[1:] if base in names), None) is parent:
                text = _first_sentence(cls.__doc__)
                lines.append(f"{'    ' * depth}- [`{cls.__name__}`][{name}]: {text}")
                add(cls, depth + 1)

    add(None, 0)
    return "\n".join(lines)


def events() -> str:
    """Return a table of the events of streams and of tool loops, by their ``type``."""
    classes = dict.fromkeys(get_origin(one) or one for union in (opper_chat.StreamEvent, opper_chat.ToolRunEvent)
                            for one in get_args(union))  # fmt: skip
    names = {value: name for name, value in public_names().items() if isinstance(value, type)}
    rows = ((f"`{cls.type}`", f"[`{cls.__name__}`][{names[cls]}]", _first_sentence(cls.__doc__)) for cls in classes)
    return _table(("`event.type`", "class", "meaning"), rows)


def log_fields() -> str:
    """Return a table of the lines of the log, each with its fields."""
    tree = _parsed("_observability/logging.py")
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    fields: dict[str, list[str]] = {}
    for function in functions.values():
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and _name(call.func) == "_write" and len(call.args) >= 3:
                for event in _strings(call.args[1]):
                    fields[event] = [*dict.fromkeys((*fields.get(event, ()), *_fields(function, functions)))]
    rows = ((f"`{event}`", ", ".join(f"`{name}`" for name in names)) for event, names in fields.items())
    return (
        "## The log\n\nThe lines of the logger `opper_chat`. Each field is also an attribute of the log record, with "
        "`opper_` before its name. The [guide](../observability.md#log-calls-and-requests) says when each line is "
        "written.\n\n"
    ) + _table(("line", "fields"), rows)


def _fields(function: ast.FunctionDef, functions: Mapping[str, ast.FunctionDef]) -> Iterator[str]:
    """Yield the keys of the dict ``fields`` that a function fills."""
    for node in ast.walk(function):
        if isinstance(node, ast.AnnAssign) and _name(node.target) == "fields" and isinstance(node.value, ast.Dict):
            yield from (text for key in node.value.keys if key is not None for text in _strings(key))
        elif isinstance(node, ast.Subscript) and _name(node.value) == "fields" and isinstance(node.ctx, ast.Store):
            yield from _strings(node.slice)
        elif isinstance(node, ast.AugAssign) and isinstance(node.value, ast.Call) and _name(node.target) == "fields":
            yield from _fields(functions[_name(node.value.func)], functions)


def telemetry() -> str:
    """Return the metrics and the attributes of OpenTelemetry."""
    trees = [_parsed(path.relative_to(PACKAGE).as_posix()) for path in sorted((PACKAGE / "telemetry").glob("*.py"))]
    metrics: dict[str, tuple[str, str]] = {}
    for call in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if isinstance(call.func, ast.Attribute) and call.func.attr == "create_histogram":
            unit, text = (
                {keyword.arg: keyword.value for keyword in call.keywords}[name] for name in ("unit", "description")
            )
            metrics[next(_strings(call.args[0]))] = next(_strings(unit)), next(_strings(text))
    found = sorted({text for tree in trees for text in _strings(tree) if ATTRIBUTE.fullmatch(text)} - metrics.keys())
    rows = ((f"`{name}`", f"`{unit}`", text) for name, (unit, text) in metrics.items())
    return (
        "## OpenTelemetry\n\nThe metrics, all of them histograms:\n\n"
        + _table(("metric", "unit", "description"), rows)
        + "\n\nThe attributes of both; the [guide](../observability.md#opentelemetry) says which has which:\n\n"
        + "\n".join(f"- `{name}`" for name in found)
    )


def fixtures() -> str:
    """Return a table of the fixtures and the options of the pytest plugin."""
    rows: list[tuple[str, str]] = []
    for node in _parsed("testing/plugin.py").body:
        if isinstance(node, ast.FunctionDef) and any("fixture" in ast.unparse(one) for one in node.decorator_list):
            rows.append((f"fixture `{node.name}`", _paragraph(ast.get_docstring(node))))
        for call in ast.walk(node):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "addoption":
                text = next(keyword.value for keyword in call.keywords if keyword.arg == "help")
                rows.append((f"option `{next(_strings(call.args[0]))}`", "".join(_strings(text))))
    return "## The pytest plugin\n\n" + _table(("", "meaning"), rows)


def environment_variables() -> str:
    """Return a list of the environment variables that the package reads.

    Raises:
        SiteError: the code reads one that has no description, or no longer reads one that has.
    """
    described: dict[str, str] = {}
    read: set[str] = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        source = path.read_text("utf-8")
        tree = ast.parse(source if "VARIABLE" in source or "environ" in source else "")
        for node, text in _constants(tree):
            if re.search("VARIABLES?$", _name(node.targets[0])):
                read.update(_strings(node.value))
                described |= {name: _paragraph(text) for name in _strings(node.value) if text}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in ("os.environ.get", "os.getenv"):
                read.update(_strings(call.args[0]) if isinstance(call.args[0], ast.Constant) else ())
    known = described | VARIABLES
    if unknown := sorted(read - known.keys()):
        raise SiteError(f"Describe these environment variables in VARIABLES of tables.py: {', '.join(unknown)}.")
    if needless := sorted(VARIABLES.keys() - read):
        raise SiteError(f"VARIABLES of tables.py has environment variables that nothing reads: {', '.join(needless)}.")
    variables: dict[str, list[str]] = {}
    for name, text in sorted((known | OTHER_VARIABLES).items()):
        variables.setdefault(text, []).append(f"`{name}`")
    # Headings, and not a table, so that the search finds them.
    return "\n\n".join(
        ["## Environment variables", *(f"### {', '.join(names)}\n\n{text}" for text, names in variables.items())]
    )


def _constants(tree: ast.Module) -> Iterator[tuple[ast.Assign, str]]:
    """Yield the assignments of a module, each with the docstring below it."""
    for node, after in zip_longest(tree.body, tree.body[1:]):
        if isinstance(node, ast.Assign):
            yield node, next(_strings(after.value), "") if isinstance(after, ast.Expr) else ""


def command_line() -> str:
    """Return a table of the options of each command of the command line, and one of the exit codes."""
    parts: list[str] = []
    for name, text in main.COMMANDS.items():
        parser = argparse.ArgumentParser(prog=f"{main.PROGRAM} {name}", add_help=False)
        main.load_command(name).add_arguments(parser)
        rows = ((_invocation(action), _help(action)) for action in parser._actions)  # noqa: SLF001  # no other way
        parts.append(f"## {main.PROGRAM} {name}\n\n{text}\n\n" + _table(("argument", "meaning"), rows))
    tree = _parsed("cli/exit_codes.py")
    codes = next(node for node in tree.body if isinstance(node, ast.ClassDef))
    texts = {_name(node.targets[0]): text for node, text in _constants(ast.Module(codes.body, []))}
    rows = ((f"`{code.value}`", _paragraph(texts[code.name])) for code in ExitCode)
    return "\n\n".join([*parts, "## Exit codes\n\n" + _table(("code", "meaning"), rows)])


def _invocation(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    value = " ".join(value) if isinstance(value, tuple) else value
    names = action.option_strings or [value]
    suffix = f" {value}" if action.option_strings and value else ""
    return ", ".join(f"`{name}{suffix}`" for name in names)


def _help(action: argparse.Action) -> str:
    text = (action.help or "") % {**vars(action), "prog": main.PROGRAM}
    if action.choices is not None:
        text += f" One of {', '.join(f'`{choice}`' for choice in action.choices)}."
    return text.strip()


def extras() -> str:
    """Return a table of the extras.

    Raises:
        SiteError: one has no description.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    packages: dict[str, list[str]] = project["optional-dependencies"]
    if unknown := packages.keys() ^ EXTRAS.keys():
        raise SiteError(f"No description, or a needless one, of these extras: {', '.join(sorted(unknown))}.")
    rows = ((f"`{name}`", ", ".join(f"`{one}`" for one in packages[name]), EXTRAS[name]) for name in sorted(packages))
    return "## Extras\n\n" + _table(("extra", "installs", "for"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table in Markdown. A bar is code in all cells that have one, where Python-Markdown reads it as text."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(' '.join(cell.split()) for cell in line)} |" for line in lines)


def _parsed(path: str) -> ast.Module:
    return ast.parse((PACKAGE / path).read_text("utf-8"))


def _strings(node: ast.AST | None) -> Iterator[str]:
    """Yield the strings below a node of a syntax tree, without those of docstrings."""
    for inner in ast.walk(node) if node is not None else ():
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
            yield inner.value


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _paragraph(text: str | None) -> str:
    return " ".join((text or "").strip().partition("\n\n")[0].split()).replace("``", "`")


def _first_sentence(text: str | None) -> str:
    paragraph = _paragraph(text)
    return re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]
