"""Checks of what was generated, before it replaces what is there.

A package that has undefined names, cannot be imported or does not pass mypy is refused with what the tool found, and a
contract that lacks what the wrapper imports with the places of the imports.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from generation.source import Problem

PACKAGE = "opper_chat_api"
MOST_LINES = 30
"""How many lines of a tool's output a message has."""
IMPORT_ALL = f"""
import importlib, pkgutil, {PACKAGE}
for module in pkgutil.walk_packages({PACKAGE}.__path__, "{PACKAGE}."):
    importlib.import_module(module.name)
from {PACKAGE} import models
for name in models.__all__:
    getattr(models, name)
"""


class ResultError(Exception):
    """What was generated cannot be used. What is there was left alone."""

    def __init__(self, what: str, output: str) -> None:
        lines = output.strip().splitlines()
        if more := max(0, len(lines) - MOST_LINES):
            # A tool says first what it did, and last why it ended.
            lines[MOST_LINES // 2 : -MOST_LINES // 2] = [f"... {more} lines ..."]
        super().__init__("\n".join([f"{what}. Nothing was changed.", *(f"  {line}" for line in lines)]))


def check_result(root: Path) -> None:
    """Check the package in `root`, the folder that has `opper_chat_api`.

    Raises:
        ResultError: it cannot be used.
    """
    isolated = ("--isolated", "--no-cache")
    _run(root, "What was generated has undefined names", "ruff", "check", *isolated, "--select", "F821", PACKAGE)
    _run(root, "What was generated cannot be imported", "-W", "error", "-c", IMPORT_ALL)
    settings = ("--strict", "--config-file", "", "--cache-dir", os.devnull, "--hide-error-context")
    _run(root, "What was generated does not pass mypy", "-m", "mypy", *settings, PACKAGE)


def _run(root: Path, what: str, *command: str) -> None:
    program = (
        [str(Path(sys.executable).parent / command[0])] if command[0] == "ruff" else [sys.executable, *command[:1]]
    )
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        [*program, *command[1:]], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ResultError(what, done.stdout + done.stderr)


def check_imports(package: Path, wrapper: Path) -> Iterator[Problem]:
    """Find the imports of the wrapper from the generated package that lead to nothing.

    Args:
        package: the folder of the generated package.
        wrapper: the folder of the wrapper's modules.
    """
    write = "Keep the name in the contract, or change the import first"
    for path in sorted(wrapper.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith(PACKAGE):
                continue
            parts = str(node.module).split(".")[1:]
            names = _names(package, parts)
            pointer = "/paths" if parts[:1] == ["api"] else "/components/schemas"
            importing = f"{path.relative_to(wrapper.parent)}:{node.lineno} imports"
            if names is None:
                yield Problem(pointer, f"{importing} from {node.module}, which is not there any more", write)
                continue
            for alias in node.names:
                if alias.name != "*" and alias.name not in names and _names(package, [*parts, alias.name]) is None:
                    wrong = f"{importing} {alias.name} from {node.module}, which is not there any more"
                    yield Problem(pointer, wrong, write)


def _names(package: Path, parts: list[str]) -> set[str] | None:
    """Return the names that a module defines or exports, or None if there is no such module."""
    path = package.joinpath(*parts)
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not path.is_file():
        return None
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def model_modules(package: Path) -> dict[str, str]:
    """Return the module of each generated model, from the table in the package of models."""
    tree = ast.parse((package / "models" / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_MODULES":
            table: dict[str, str] = ast.literal_eval(node.value)
            return {name: module.removeprefix(".") for name, module in table.items()}
    raise ResultError("The package of models has no table of modules", "See generator-templates/models_init.py.jinja")
