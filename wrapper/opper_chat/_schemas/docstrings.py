"""Read the descriptions of classes, their fields and functions from docstrings and source code."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import lru_cache
from typing import Any

_LIBRARIES = {"abc", "attr", "builtins", "collections", "msgspec", "pydantic", "typing", "typing_extensions"}
_STATEMENTS = (ast.stmt, ast.excepthandler, ast.match_case)


def documentation_of(obj: Any) -> tuple[str, dict[str, str]]:
    """Return the description of a class or a function, and those of its fields or parameters.

    The description of a field is in the docstring of the class (Google, NumPy or Sphinx style) or of a class above,
    or in a string below the field.
    """
    from docstring_parser import ParseError, parse  # not before it is needed

    descriptions: dict[str, str] = {}
    description = ""
    # From the top down, so that a class replaces what those above it say.
    for each in reversed(_classes_of(obj)):
        text = each.__dict__.get("__doc__") if isinstance(each, type) else each.__doc__
        # Dataclasses and named tuples without a docstring have their signature instead.
        text = "" if not isinstance(text, str) or text.startswith(f"{each.__name__}(") else text
        if isinstance(each, type):
            descriptions |= _attribute_docs(each.__module__).get(each.__qualname__, {})
        try:
            doc = parse(text)
        except ParseError:
            description = text.strip()
            continue
        descriptions |= {p.arg_name: " ".join(p.description.split()) for p in doc.params if p.description}
        description = "\n\n".join(part.strip() for part in (doc.short_description, doc.long_description) if part)
    return description, descriptions


def _classes_of(obj: Any) -> list[Any]:
    """Return an object or a class, and the classes above it that are not of a library."""
    if not isinstance(obj, type):
        return [obj]
    found: list[type] = list(obj.__mro__[1:])
    for base in getattr(obj, "__orig_bases__", ()):  # a TypedDict has those above it nowhere else
        if isinstance(base, type) and base not in found:
            found += _classes_of(base)
    return [obj, *(each for each in found if each.__module__.partition(".")[0] not in _LIBRARIES)]


@lru_cache(64)  # `inspect.getsource` and docstring_parser parse the whole module again for each class
def _attribute_docs(module: str) -> dict[str, dict[str, str]]:
    """Return the strings below the fields (PEP 257) of all classes of a module. Without source there are none."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, dict[str, str]] = {}
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, prefix = pending.pop()
        if isinstance(node, ast.ClassDef):
            found[prefix + node.name] = _docs_of_fields(node)
            prefix += f"{node.name}."
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            prefix += f"{node.name}.<locals>."
        pending += [(child, prefix) for child in ast.iter_child_nodes(node) if isinstance(child, _STATEMENTS)]
    return found


def _docs_of_fields(node: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: " ".join(text.split())
        for field, below in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        and isinstance(text := below.value.value, str)
    }  # fmt: skip
