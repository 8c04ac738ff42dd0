"""An extension of griffe: make the docstrings and signatures of this project readable on a page.

Names in backquotes become links, and blocks after two colons become code blocks. Signatures show what a type alias of a
private module stands for, and no internal parameter. A model or a typed dict gets a table of its properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Any

import griffe

from scripts.docs.names import public_names  # griffe loads this file by its path

LITERAL_BLOCK = re.compile(r"::\n\n((?:    .*\n|\n)*    .*)")
"""Two colons at the end of a paragraph, and the indented block after it."""

NAME = re.compile(r"(?<![`\[\w])`([A-Za-z_][\w.]*)`(?![`\]])")
"""A name in single backquotes."""

PRIVATE = re.compile(r"(?<!\w)_[A-Za-z]")
"""The beginning of a private name in an expression."""

CALL_ARGUMENTS = ("CallArguments", "TypedCallArguments", "TurnArguments")
"""The typed dicts of the arguments of a call, which have a page of their own."""

REQUEST_PARAMETERS = ("ChatCompletionSettingsParam", "ChatCompletionParametersParam", "ChatCompletionRequestParam")
"""The typed dicts of the parameters of a request, which are optional except ``messages``."""

KEYWORDS = griffe.ParameterKind.var_keyword

INTERNAL_PARAMETERS = ("_positional", "_options")
"""Parameters that only refuse or ignore arguments."""

NOT_GIVEN = "NOT_GIVEN"
"""The default of arguments for which None has a meaning."""


class SiteDocstrings(griffe.Extension):
    """Rewrites the objects of a package when it is loaded."""

    def on_package(self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **_: Any) -> None:
        """Rewrite the docstrings and signatures of a package."""
        modules = loader.modules_collection
        if pkg.name == "opper_chat":
            _add_models(pkg, modules)
        for item in _objects(pkg):
            if item.docstring is not None:
                item.docstring.value = _readable(item.docstring.value, item)
            if isinstance(item, griffe.Class):
                _fit_constructor(item)
            if isinstance(item, griffe.Function):
                _simplify(item, modules)
            elif isinstance(item, griffe.Attribute):
                item.annotation = _inlined(item.annotation, modules)
                if item.parent is not None and item.parent.name in REQUEST_PARAMETERS:
                    item.annotation = _without_requirement(item.annotation)
                if isinstance(item.parent, griffe.Class) and "class-attribute" not in item.labels:
                    item.value = None  # an expression of the constructor
                elif PRIVATE.search(str(item.value)):
                    item.value = None
            elif isinstance(item, griffe.Class) and pkg.name == "opper_chat_api":
                _add_properties(item)


def _fit_constructor(item: griffe.Class) -> None:
    """Remove a constructor that is not for users, and call the arguments of one that attrs writes attributes."""
    text = item.docstring.value if item.docstring is not None else ""
    constructor = item.members.get("__init__")
    if isinstance(constructor, griffe.Function) and "Args:\n" not in text:
        for parameter in constructor.parameters:
            attribute = item.members.get(parameter.name)
            if isinstance(attribute, griffe.Attribute) and attribute.annotation is None:
                attribute.annotation = parameter.annotation
        del item.members["__init__"]
    elif "__init__" not in item.members and item.docstring is not None:
        item.docstring.value = text.replace("Args:\n", "Attributes:\n")


def _add_models(pkg: griffe.Module, modules: griffe.ModulesCollection) -> None:
    """Add the models to `opper_chat.types`, which gets them from a wildcard import that griffe does not follow."""
    types, models = pkg["types"], modules["opper_chat_api.models"]
    for name in (path.rpartition(".")[2] for path in public_names() if path.startswith("opper_chat.types.")):
        if name not in types.members:
            types.set_member(name, griffe.Alias(name, models.members[name].target_path))


@cache
def _names() -> Mapping[str, str]:
    """Return the paths of the public names, by their last part."""
    found: dict[str, str] = {}
    for path in public_names():
        found.setdefault(path.rpartition(".")[2], path)
    return found


def _objects(parent: griffe.Object) -> Iterator[griffe.Object]:
    """Yield an object and those in it, but not what it imports."""
    yield parent
    for member in parent.members.values():
        if isinstance(member, griffe.Object):
            yield from _objects(member)


def _readable(text: str, item: griffe.Object) -> str:
    """Return a docstring with code blocks in place of literal blocks, and with links."""

    def code_block(block: re.Match[str]) -> str:
        return ":\n\n```python\n" + re.sub(r"^    ", "", block[1], flags=re.MULTILINE) + "\n```"

    def link(name: re.Match[str]) -> str:
        path = _path(name[1], item)
        return name[0] if path is None else f"[`{name[1]}`][{path}]"

    text = LITERAL_BLOCK.sub(code_block, text)
    if item.path.startswith("opper_chat_api."):  # there, backquotes are for JSON
        return text
    parts = re.split(r"(```.*?```)", text, flags=re.DOTALL)
    return "".join(part if part.startswith("```") else NAME.sub(link, part) for part in parts)


def _path(name: str, item: griffe.Object) -> str | None:
    """Return the path of what a docstring names: a public name, or a method or attribute of the same class."""
    last = name.rpartition(".")[2]
    if name != last:
        return _names().get(last) if name.startswith("opper_chat.") else None
    owner = item if isinstance(item, griffe.Class) else item.parent
    if name == item.name or name.startswith("_"):
        return None
    if isinstance(owner, griffe.Class) and name in owner.members:
        is_heading = owner.members[name].has_docstring and not _has_table(owner)
        return owner.members[name].path if is_heading else None
    return _names().get(name)


def _simplify(function: griffe.Function, modules: griffe.ModulesCollection) -> None:
    """Make the signature of a function, and of its overloads, readable."""
    signatures = (*(function.overloads or ()), function)
    for signature in signatures:
        signature.parameters = griffe.Parameters(*_parameters(signature.parameters, modules))
        signature.returns = _inlined(signature.returns, modules)
    # The table of parameters is that of the implementation, which has fewer of them than the overloads.
    names = [parameter.name for parameter in function.parameters]
    added = {parameter.name: parameter for signature in signatures for parameter in signature.parameters}
    order = [*function.parameters, *(parameter for name, parameter in added.items() if name not in names)]
    function.parameters = griffe.Parameters(*sorted(order, key=lambda one: one.kind is KEYWORDS))


def _parameters(parameters: griffe.Parameters, modules: griffe.ModulesCollection) -> Iterator[griffe.Parameter]:
    """Yield parameters without internal ones, and with the options of a private typed dict one by one."""
    for parameter in parameters:
        if parameter.name in INTERNAL_PARAMETERS:
            continue
        options = _unpacked(parameter, modules)
        if options is not None and options.name not in _names():
            yield from _options(parameter, options, modules)
            continue
        parameter.annotation = _inlined(parameter.annotation, modules)
        parameter.default = "..." if str(parameter.default) == NOT_GIVEN else _inlined(parameter.default, modules)
        yield parameter


def _unpacked(parameter: griffe.Parameter, modules: griffe.ModulesCollection) -> griffe.Class | None:
    """Return the typed dict of a parameter ``**arguments: Unpack[...]``."""
    annotation = parameter.annotation
    if parameter.kind is not KEYWORDS or not isinstance(annotation, griffe.ExprSubscript):
        return None
    found = _find(annotation.slice, modules)
    return found if isinstance(found, griffe.Class) else None


def _options(
    parameter: griffe.Parameter, options: griffe.Class, modules: griffe.ModulesCollection
) -> Iterator[griffe.Parameter]:
    """Yield a parameter for each option of a typed dict, and one for all arguments of a call."""
    if options.name in CALL_ARGUMENTS:
        arguments = griffe.ExprName("CallArguments", parent=modules["opper_chat.types"])
        unpacked = griffe.ExprSubscript(griffe.ExprName("Unpack"), arguments)
        yield griffe.Parameter(parameter.name, annotation=unpacked, kind=KEYWORDS, default="{}")
        return
    for base in options.bases:
        found = _find(base, modules)
        if isinstance(found, griffe.Class):
            yield from _options(parameter, found, modules)
    for name, member in options.members.items():
        if isinstance(member, griffe.Attribute):
            annotation = _inlined(member.annotation, modules)
            yield griffe.Parameter(name, annotation=annotation, kind=griffe.ParameterKind.keyword_only, default="...")


def _inlined(value: Any, modules: griffe.ModulesCollection) -> Any:
    """Return an expression with the values of private constants and type aliases in place of their names."""
    if isinstance(value, list):
        return [_inlined(one, modules) for one in value]
    if isinstance(value, griffe.ExprName):
        found = _find(value, modules)
        if not isinstance(found, griffe.Attribute) or found.name in _names():
            return value
        has_value = not isinstance(found.value, griffe.ExprCall | None)  # a call is a type variable
        is_private = "._" in found.module.path
        return _inlined(found.value, modules) if has_value and is_private else value
    if isinstance(value, griffe.Expr) and not isinstance(value, griffe.ExprAttribute):
        return replace(value, **{one.name: _inlined(getattr(value, one.name), modules) for one in fields(value)})
    return value


def _without_requirement(annotation: Any) -> Any:
    """Return an annotation without ``NotRequired``."""
    is_optional = isinstance(annotation, griffe.ExprSubscript) and annotation.canonical_name == "NotRequired"
    return annotation.slice if is_optional else annotation


def _find(name: Any, modules: griffe.ModulesCollection) -> griffe.Object | None:
    """Return what a name in an expression stands for, if it is in a loaded package."""
    if not isinstance(name, griffe.ExprName):
        return None
    try:
        found = modules[name.canonical_path]
        return found.final_target if isinstance(found, griffe.Alias) else found
    except (griffe.GriffeError, KeyError):
        return None


def _has_table(item: griffe.Class) -> bool:
    """Return whether a class is a model or a typed dict of the contract."""
    return item.module.path.startswith(("opper_chat_api.models.", "opper_chat_api.params"))


def _add_properties(item: griffe.Class) -> None:
    """Add a table of its properties to the docstring of a model or a typed dict."""
    if item.docstring is None or not _has_table(item):
        return
    rows: list[griffe.DocstringAttribute] = []
    for name, member in {**item.inherited_members, **item.members}.items():
        found = member.final_target if isinstance(member, griffe.Alias) else member
        is_property = isinstance(found.parent, griffe.Class) and _has_table(found.parent)
        if isinstance(found, griffe.Attribute) and found.docstring is not None and is_property and name[0] != "_":
            text = found.docstring.value.strip()
            rows.append(griffe.DocstringAttribute(name, annotation=found.annotation, description=text))
    item.docstring.parser = "google"
    if rows:
        item.docstring.parsed.append(griffe.DocstringSectionAttributes(rows))
