"""Templates: prompts with variables, in files of the configuration folder. Does not list or edit them.

A template is a TOML file with ``prompt``, ``system``, ``[variables]`` with defaults, and parameters of the API. A name
in braces, such as ``{language}``, is a variable. ``{input}`` is the prompt of the command line with stdin. ``{{`` and
``}}`` are braces.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple
from unicodedata import category

from .config import check_defaults, check_keys, check_value, read_toml
from .errors import UsageError, did_you_mean
from .paths import expand_user, templates_folder

INPUT = "input"
"""The variable with the prompt of the command line and stdin."""
MAX_BYTES = 240
"""The length of a name in UTF-8. Most file systems take 255 bytes, with the end ``.toml``."""
_OWN_KEYS = ("prompt", "system", "variables", "model", "extra_body")


class Template(NamedTuple):
    """A template as it is in its file, checked."""

    path: Path
    prompt: str
    """The text of the user's message."""
    system: str | None
    """The instructions."""
    variables: Mapping[str, str]
    """The defaults of variables."""
    parameters: Mapping[str, Any]
    """Parameters of the API, ``model`` and ``extra_body``."""

    @property
    def names(self) -> set[str]:
        """The variables in the texts."""
        texts = (self.prompt, self.system or "")
        return {name for text in texts for _, name in _parse(self.path, text) if name is not None}

    def fill(self, given: Mapping[str, str], text: str) -> tuple[str, str | None]:
        """Return the prompt and the instructions with the values of the variables.

        Args:
            given: the values, by name.
            text: the value of ``input``. If no text has the variable, it follows the prompt after a blank line.

        Raises:
            UsageError: a variable has no value, or a value is for no variable.
        """
        names = self.names
        for name in given:
            if name not in names - {INPUT}:
                known = ", ".join(sorted(names - {INPUT})) or "none"
                near = did_you_mean(name, names - {INPUT})
                raise UsageError(f"-p {name}: {self.path} has no variable of this name. {near}It has: {known}.")
        values = {**self.variables, **given, INPUT: text}
        missing = sorted(names - values.keys())
        if missing:
            raise UsageError(f"{self.path}: The variable {missing[0]!r} has no value. Give it: -p {missing[0]}=VALUE")
        if INPUT in names and not text:
            raise UsageError(f"{self.path}: The template needs a text. Give a prompt, or pipe it to stdin.")
        prompt = self._fill(self.prompt, values)
        if text and INPUT not in names:
            prompt = f"{prompt}\n\n{text}" if prompt else text
        return prompt, None if self.system is None else self._fill(self.system, values)

    def _fill(self, text: str, values: Mapping[str, str]) -> str:
        return "".join(literal + ("" if name is None else values[name]) for literal, name in _parse(self.path, text))


def is_template_name(name: str) -> bool:
    """Return whether a template can have a name: names of files without their end, in subfolders with ``/``.

    None leads out of the folder of templates, or to a hidden file.
    """
    return len(name) <= MAX_BYTES and all(map(_is_plain, name.split("/")))


def list_templates() -> list[Path]:
    """Return the paths of the templates in their folder, by name, without those of subfolders."""
    return sorted(path for path in templates_folder().glob("*.toml") if is_template_name(path.stem))


def template_path(name: str, source: str) -> Path:
    """Return the path of a template, whether or not it exists.

    Args:
        name: its name in the folder of templates, or the path of a file ``....toml``.
        source: what named it, for error messages.

    Raises:
        UsageError: it is neither.
    """
    if name.endswith(".toml"):
        return expand_user(name)
    if not is_template_name(name):
        accepted = "a name of letters, digits, ' ', '.', '_', '-' and '/', or the path of a TOML file"
        raise UsageError(f"{source}: expected {accepted}.")
    return templates_folder() / f"{name}.toml"


def find_template(name: str, source: str | None = None) -> Path:
    """Return the path of a template.

    Args:
        name: its name in the folder of templates, or the path of a file ``....toml``.
        source: what named it, for error messages. Default: the option ``-t``.

    Raises:
        UsageError: there is none. The error proposes a similar name.
    """
    source = source or f"-t {name}"
    path = template_path(name, source)
    if path.is_file():
        return path
    known = [each.stem for each in list_templates()]
    raise UsageError(f"{source}: There is no template {path}. {did_you_mean(name, known)}".rstrip())


def load_template(name: str) -> Template:
    """Return a template.

    Args:
        name: as in `find_template`.

    Raises:
        UsageError: there is none, or the file has a mistake.
    """
    path = find_template(name)
    try:
        values = read_toml(path, path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
    for key in ("prompt", "system"):
        if key in values:
            check_value(path, key, values[key], "a string", str)
    variables = values.get("variables", {})
    check_value(path, "variables", variables, "a table", dict)
    check_keys(path, {name: None for name in variables if not name.isidentifier()}, (), "variables.")
    for key, value in variables.items():
        check_value(path, f"variables.{key}", value, "a string", str)
    parameters = {key: value for key, value in values.items() if key not in ("prompt", "system", "variables")}
    check_defaults(path, parameters, "", _OWN_KEYS)
    template = Template(path, values.get("prompt", ""), values.get("system"), variables, parameters)
    if not template.prompt and not template.system:
        raise UsageError(f"{path}: A template needs a prompt or system, as a string.")
    _ = template.names  # refuses wrong braces
    return template


def _is_plain(part: str) -> bool:
    """Return whether a name has only letters, with marks such as accents, digits, and signs that no system reserves."""
    is_visible = part[:1].isalnum() or part[:1] == "_"
    is_letters = all(each.isalnum() or each in " ._-" or category(each).startswith("M") for each in part)
    return is_visible and is_letters and len(part.encode()) <= MAX_BYTES


def _parse(path: Path, text: str) -> list[tuple[str, str | None]]:
    """Return the literal texts of a template, each with the variable after it."""
    parts: list[tuple[str, str | None]] = []
    try:
        for literal, name, format_spec, conversion in Formatter().parse(text):
            if name is not None and (not name.isidentifier() or format_spec or conversion):
                raise ValueError("braces must have the name of a variable and nothing else")
            parts.append((literal, name))
    except ValueError as error:
        raise UsageError(f"{path}: {error}. Write {{{{ and }}}} for braces.") from None
    return parts
