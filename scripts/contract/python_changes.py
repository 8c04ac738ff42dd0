"""Changes of the public Python surface: the breaking ones by `griffe check`, the others by name and docstring.

The surface is what the public modules export, and the classes that this leads to, such as the one of
`client.chat.completions`. Parameters of `create()` are the contract's; `contract_changes` finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import griffe

from .changes import Change

PACKAGES = ("opper_chat", "opper_chat_api")
FOLDERS = ("wrapper", "generated")
"""The folders that have them."""

Node = griffe.Object | griffe.Alias


class Surface:
    """The public objects of a package, by their paths: modules, their attributes, those of classes, and so on."""

    def __init__(self, package: griffe.Module) -> None:
        self.package = package
        self.nodes: dict[str, griffe.Object] = {}
        """By the paths where the objects are defined."""
        self.public_paths: dict[str, str] = {}
        """The paths by which users know the objects. An object that is not exported has the path without modules."""
        waiting: list[tuple[str, Node]] = [(package.path, package)]
        while waiting:
            public_path, node = waiting.pop(0)
            if (target := _target(node)) is None or target.path in self.nodes:
                continue
            self.nodes[target.path] = target
            self.public_paths[target.path] = public_path
            if isinstance(target, griffe.Module | griffe.Class):
                exported = public_path.startswith(f"{package.path}.") or node is package
                waiting += [
                    (f"{public_path}.{name}", member)
                    for name, member in target.members.items()
                    if member.is_public and (exported or name != "__init__") and not _is_hook(target, name)
                ]
            if isinstance(target, griffe.Attribute | griffe.Function):
                waiting += [(one.name, one) for one in _classes_of(target, package)]
        for path in [path for path, node in self.nodes.items() if node.name == "__init__"]:
            if not self._can_be_called(self.nodes[path]):
                del self.nodes[path]

    def _can_be_called(self, constructor: griffe.Object) -> bool:
        """Return whether users can make the arguments of a constructor: none is of a class that is not exported."""
        parameters = constructor.parameters if isinstance(constructor, griffe.Function) else ()
        annotations = (parameter.annotation for parameter in parameters)
        return all(
            self.public_paths.get(one.path, "").startswith(f"{self.package.path}.")
            for annotation in annotations
            for one in _classes_named(annotation, self.package)
        )

    def name(self, path: str) -> str:
        """Return the path by which users know an object."""
        return self.public_paths.get(path, path)


def find_changes(before: Path, after: Path) -> list[Change]:
    """Return the changes between two trees of the repository, each once."""
    changes: dict[tuple[str, str], Change] = {}
    for package in PACKAGES:
        old, new = Surface(_load(before, package)), Surface(_load(after, package))
        for change in (*_breaking(old, new), *_additions(old, new), *_docstrings(old, new)):
            changes.setdefault((change.place, change.description), change)
    return list(changes.values())


def _load(tree: Path, package: str) -> griffe.Module:
    loader = griffe.GriffeLoader(search_paths=[tree / folder for folder in FOLDERS], allow_inspection=False)
    module = loader.load(package)
    loader.resolve_aliases(external=False)
    if not isinstance(module, griffe.Module):
        raise TypeError(f"{package} is no package: {module}")
    for one in (module, *_public_modules(module)):
        _mark_exports(one)
    return module


def _public_modules(module: griffe.Module) -> Iterator[griffe.Module]:
    for name, child in module.modules.items():
        if not name.startswith("_") and isinstance(child, griffe.Module):
            yield child
            yield from _public_modules(child)


def _mark_exports(module: griffe.Module) -> None:
    """Mark what a module exports without an `__all__` that can be read: it imports its names for type checkers only."""
    if not module.exports:
        for name, member in module.members.items():
            if isinstance(member, griffe.Alias) and not name.startswith("_"):
                member.public = member.target_path.startswith(PACKAGES)


def _target(node: Node) -> griffe.Object | None:
    try:
        return node.final_target if isinstance(node, griffe.Alias) else node
    except (griffe.AliasResolutionError, griffe.CyclicAliasError):
        return None


def _is_hook(node: griffe.Object, name: str) -> bool:
    """Return whether an attribute of a module is for Python itself, as `__getattr__` is."""
    return isinstance(node, griffe.Module) and name.startswith("__")


def _classes_of(node: griffe.Attribute | griffe.Function, package: griffe.Module) -> Iterator[Node]:
    """Yield the classes of the package that the annotation of an attribute, or of what a function returns, names."""
    return _classes_named(node.annotation if isinstance(node, griffe.Attribute) else node.returns, package)


def _classes_named(annotation: str | griffe.Expr | None, package: griffe.Module) -> Iterator[griffe.Class]:
    for name in annotation.iterate() if isinstance(annotation, griffe.Expr) else ():
        path = name.canonical_path if isinstance(name, griffe.ExprName) else ""
        if path.startswith(f"{package.path}."):
            try:
                found = _target(package[path.removeprefix(f"{package.path}.")])
            except (KeyError, griffe.AliasResolutionError, griffe.CyclicAliasError):
                continue
            if isinstance(found, griffe.Class):
                yield found


def _breaking(old: Surface, new: Surface) -> Iterator[Change]:
    breakages = list(griffe.find_breaking_changes(old.package, new.package))
    for path, node in old.nodes.items():
        if isinstance(node, griffe.Class) and isinstance(counterpart := new.nodes.get(path), griffe.Class):
            breakages += griffe.find_breaking_changes(node, counterpart)
    for breakage in breakages:
        path = breakage.obj.path
        if path in old.nodes or path in new.nodes or breakage.kind is griffe.BreakageKind.OBJECT_REMOVED:
            yield _from_breakage(breakage, old.name(new.name(path)))


def _from_breakage(breakage: griffe.Breakage, path: str) -> Change:
    old, new = (_short(value) for value in (breakage.old_value, breakage.new_value))
    parameter = getattr(breakage.old_value or breakage.new_value, "name", "")
    match breakage.kind:
        case griffe.BreakageKind.OBJECT_REMOVED:
            return Change("breaking", path, "removed", _names(path))
        case griffe.BreakageKind.PARAMETER_REMOVED | griffe.BreakageKind.PARAMETER_ADDED_REQUIRED:
            what = f"{breakage.kind.value.lower()}: {parameter}"
        case _:
            what = f"{breakage.kind.value.lower()}: {old} is now {new}"
    return Change("breaking", path, what, _names(path, parameter))


def _additions(old: Surface, new: Surface) -> Iterator[Change]:
    for path, node in new.nodes.items():
        earlier, public_path = old.nodes.get(path), new.name(path)
        if earlier is None and path.rpartition(".")[0] in old.nodes:
            yield Change("safe", public_path, f"{node.kind.value} added", _names(public_path))
        elif isinstance(node, griffe.Function) and isinstance(earlier, griffe.Function):
            known = {parameter.name for parameter in earlier.parameters}
            for parameter in node.parameters:
                if parameter.name not in known and not parameter.required:
                    names = _names(public_path, parameter.name)
                    yield Change("safe", public_path, f"parameter added: {parameter.name}", names)


def _docstrings(old: Surface, new: Surface) -> Iterator[Change]:
    for path, node in new.nodes.items():
        if path in old.nodes and _docstring(node) != _docstring(old.nodes[path]):
            yield Change("documentation", new.name(path), "docstring changed", _names(new.name(path)))


def _docstring(node: griffe.Object) -> str:
    return node.docstring.value if node.docstring else ""


def _names(path: str, parameter: str = "") -> tuple[str, ...]:
    """Return the names by which a CHANGELOG may call an object: `Opper.close`, `close`, and the parameter."""
    parts = path.split(".")
    names = {path, parts[-1], ".".join(parts[-2:])}
    return tuple(sorted(names | {parameter} - {""}))


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
