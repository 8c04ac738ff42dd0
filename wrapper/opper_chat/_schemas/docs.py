"""What is written below the fields of a class, in the form of PEP 257's attribute docstrings. No I/O but the source's.

A module is read once for all of its classes: reading it for each would cost the square of its length.
"""

from __future__ import annotations

import ast
import inspect
import sys
from functools import lru_cache


def attribute_docs(cls: type) -> dict[str, str]:
    """Return what is written below each field of a class; nothing where there is no source, as at a prompt."""
    return _docs_of(cls.__module__).get(cls.__qualname__, {})


@lru_cache(64)
def _docs_of(module: str) -> dict[str, dict[str, str]]:
    """Return it for every class of a module, by the qualified names."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, dict[str, str]] = {}
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, prefix = waiting.pop()
        if isinstance(node, ast.ClassDef):
            found[prefix + node.name] = _below_fields(node)
            prefix += f"{node.name}."
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            prefix += f"{node.name}.<locals>."
        waiting += [(child, prefix) for child in ast.iter_child_nodes(node) if isinstance(child, _BODIES)]
    return found


_BODIES = (ast.stmt, ast.excepthandler, ast.match_case)


def _below_fields(node: ast.ClassDef) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, below in zip(node.body, node.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            text = below.value.value if isinstance(below.value, ast.Constant) else None
            if isinstance(text, str):
                found[field.target.id] = " ".join(text.split())
    return found
