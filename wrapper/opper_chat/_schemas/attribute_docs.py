"""The strings below the fields of a class: attribute docstrings as in PEP 257. Reads source code, nothing else.

Each module is parsed once. `inspect.getsource` parses it for every class.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import lru_cache


def attribute_docs(cls: type) -> dict[str, str]:
    """Return the strings below the fields of a class, by name. Without source, as in a REPL, there are none."""
    return _docs_of_module(cls.__module__).get(cls.__qualname__, {})


@lru_cache(64)
def _docs_of_module(module: str) -> dict[str, dict[str, str]]:
    """Return the strings of each class of a module, by qualified name."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, dict[str, str]] = {}
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        if isinstance(node, ast.ClassDef):
            found[prefix + node.name] = _docs_of_class(node)
            prefix += f"{node.name}."
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            prefix += f"{node.name}.<locals>."
        pending += [(child, prefix) for child in ast.iter_child_nodes(node) if isinstance(child, _STATEMENTS)]
    return found


_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


def _docs_of_class(node: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: " ".join(below.value.value.split())
        for field, below in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
