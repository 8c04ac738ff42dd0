"""The typed dicts of the request, as datamodel-code-generator writes them, made fit for this package.

The source is read as Python and changed where its syntax tree says, so that neither the name of a key nor a word in a
description is taken for a type. Three things change: JSON of any form is an `object` and not `Any`, since nothing is
read from it; the models are named for type checkers only, and empty classes of their names stand for them at run
time, so that reading the module does not load them; and a typed dict with a key called like a type that it uses is
written as a call, because in a class the key would hide the type.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import NamedTuple

MODELS = "opper_chat_api.models."
REQUEST = "ChatCompletionRequestParam"
TITLE = '"""The request as typed dicts: what a plain dict may contain."""\n'


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


class _Source:
    """A module's text and tree, and what is to change in it."""

    def __init__(self, text: str) -> None:
        self.tree = ast.parse(text)
        # Columns of the tree count bytes.
        self.text = text.encode()
        self.edits: list[_Edit] = []
        self.lines = [0]
        for line in self.text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.lines[node.lineno - 1] + node.col_offset, self.lines[node.end_lineno - 1] + node.end_col_offset

    def replace(self, node: ast.expr | ast.stmt, text: str) -> None:
        self.edits.append(_Edit(*self.span(node), text))

    def changed(self) -> str:
        text = self.text
        for edit in sorted(self.edits, reverse=True):
            text = text[: edit.start] + edit.text.encode() + text[edit.end :]
        return text.decode()


def typed_dicts(text: str) -> str:
    """Return the module of typed dicts, not yet formatted."""
    text = _without_any(text)
    source = _Source(text)
    models: list[tuple[str, ast.alias]] = []
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(MODELS):
            models.extend((str(node.module), alias) for alias in node.names)
            source.replace(node, "")
        elif isinstance(node, ast.ImportFrom) and node.module == "opper_chat_api.types":
            source.replace(node, f"from .types import {', '.join(alias.name for alias in node.names)}")
        elif isinstance(node, ast.ClassDef) and _hides_a_type(node):
            source.replace(node, _as_call(node))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            # A call is carried out at once, before the names that follow it are there: quoted, they can wait.
            keys = node.value.args[1]
            assert isinstance(keys, ast.Dict), "the keys of a typed dict"
            for value in keys.values:
                source.replace(value, json.dumps(_unquoted(value)))
    first = next(node for node in source.tree.body if isinstance(node, ast.ClassDef | ast.Assign | ast.AnnAssign))
    start, _ = source.span(first)
    source.edits.append(_Edit(start, start, _imports(models)))
    names = [name for node in source.tree.body if (name := _defined(node)) is not None]
    public = f"\n\n__all__ = [\n{''.join(f'    {json.dumps(name)},{chr(10)}' for name in sorted(names))}]\n"
    return TITLE + re.sub(r"\A(#.*\n)+", "", source.changed()) + _as_function(source.tree) + public


def _as_function(tree: ast.Module) -> str:
    """Return a function whose parameters are the request's, for editors that do not read `Unpack`, as Jedi."""
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    keys: dict[str, ast.expr] = {}
    waiting = [REQUEST]
    while waiting:
        node = classes[waiting.pop()]
        keys = _keys(node) | keys
        waiting += [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in classes]
    parameters: list[str] = []
    for name, hint in keys.items():
        text = _unquoted(hint)
        is_optional = text.startswith("NotRequired[")
        parameters.append(f"{name}: {text[12:-1]} = None, " if is_optional else f"{name}: {text}, ")
    listed = "".join(sorted(parameters, key=_is_optional))
    return (
        f"\n\nif TYPE_CHECKING:\n\n    def request_parameters(*, {listed}) -> None:\n"
        '        """The parameters of a request, for editors that do not read `Unpack`."""\n'
    )


def _is_optional(parameter: str) -> bool:
    return parameter.endswith(" = None, ")


def _defined(node: ast.stmt) -> str | None:
    """Return the name of the class or the alias that a statement defines."""
    if isinstance(node, ast.ClassDef):
        return node.name
    target = (
        node.target if isinstance(node, ast.AnnAssign) else node.targets[0] if isinstance(node, ast.Assign) else None
    )
    return target.id if isinstance(target, ast.Name) else None


def _without_any(text: str) -> str:
    source = _Source(text)
    names: set[str] = set()
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            names |= {alias.asname or alias.name for alias in node.names if alias.name == "Any"}
            kept = [ast.unparse(alias) for alias in node.names if alias.name != "Any"]
            source.replace(node, f"from typing import {', '.join([*kept, 'TYPE_CHECKING'])}")
    for hint in _types(source.tree):
        if isinstance(hint, ast.Name) and hint.id in names:
            source.replace(hint, "object")
        elif isinstance(hint, ast.Constant) and isinstance(hint.value, str):
            quoted = hint.value
            for name in names:
                quoted = re.sub(rf"\b{name}\b", "object", quoted)
            if quoted != hint.value:
                source.replace(hint, json.dumps(quoted))
    return source.changed()


def _types(tree: ast.AST) -> Iterator[ast.expr]:
    """Find what stands for a type: names that are read, and texts that are not words of a literal or descriptions."""
    for node in ast.iter_child_nodes(tree):
        is_literal = isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Literal"
        if isinstance(node, ast.Expr) or is_literal:
            continue
        if isinstance(node, ast.Dict):
            for value in node.values:
                yield from _types(ast.Expression(value))
            continue
        if isinstance(node, ast.Name | ast.Constant) and not isinstance(getattr(node, "ctx", None), ast.Store):
            yield node
        yield from _types(node)


def _keys(node: ast.ClassDef) -> dict[str, ast.expr]:
    return {
        item.target.id: item.annotation
        for item in node.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    }


def _hides_a_type(node: ast.ClassDef) -> bool:
    keys = _keys(node)
    used = {inner.id for hint in keys.values() for inner in ast.walk(hint) if isinstance(inner, ast.Name)}
    return not used.isdisjoint(keys)


def _as_call(node: ast.ClassDef) -> str:
    keys = "".join(f"{json.dumps(name)}: {json.dumps(_unquoted(hint))},\n" for name, hint in _keys(node).items())
    text = ast.get_docstring(node, clean=False)
    description = f'\n"""{text}"""' if text and '"""' not in text and "\\" not in text else ""
    return f"{node.name} = TypedDict({json.dumps(node.name)}, {{{keys}}}){description}"


def _unquoted(hint: ast.expr) -> str:
    return hint.value if isinstance(hint, ast.Constant) and isinstance(hint.value, str) else ast.unparse(hint)


def _imports(models: list[tuple[str, ast.alias]]) -> str:
    hints = "".join(
        f"    from .models.{module.removeprefix(MODELS)} import {ast.unparse(alias)}\n" for module, alias in models
    )
    names = [alias.asname or alias.name for _, alias in models]
    stand_ins = "".join(f'    {name} = type("{name}", (OpenModel,), {{}})\n' for name in names)
    return f"if TYPE_CHECKING:\n{hints}else:\n    from .types import OpenModel\n\n{stand_ins}\n\n"
