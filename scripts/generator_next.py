"""Try the installed versions of the generators, which may be newer than the pinned ones, and report.

Generates into a temporary folder and changes nothing. Reports the versions, the overridden templates whose stock
template changed, whether the result imports and passes mypy, and how it differs from what is there. The exit status
is 0 if only the versions differ, 1 if the result or a stock template does, 2 if the generation fails.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from importlib.metadata import version
from pathlib import Path

import generate
from generation.output import describe_differences
from generation.result import ResultError, check_imports, check_result
from generation.source import ContractError
from generation.templates import changed_templates

GENERATORS = ("openapi-python-client", "datamodel-code-generator", "ruff")
MOST_LINES = 200
"""How many lines of differences are printed."""


def pinned_versions() -> dict[str, str]:
    """Return the version of each generator that the project pins."""
    groups = tomllib.loads((generate.ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    pins = (line.partition("==") for line in groups["generate"] if isinstance(line, str))
    return {name: pinned for name, _, pinned in pins if name in GENERATORS}


def replace_versions(folder: Path) -> None:
    """Write the pinned versions into the comments that say what a file was made by."""
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".py", ".typed"):
            text = path.read_text("utf-8")
            for name, pinned in pinned_versions().items():
                text = text.replace(f"by {name} {version(name)}.", f"by {name} {pinned}.", 1)
            path.write_text(text, "utf-8")


def main() -> int:
    """Report, and return the exit status."""
    for name, pinned in pinned_versions().items():
        print(f"{name}: pinned {pinned}, tried {version(name)}")
    changed = changed_templates()
    for line in changed:
        print(f"generator-templates/{line}: compare the override with it")
    with tempfile.TemporaryDirectory(prefix="opper-chat-generate-") as folder:
        made = Path(folder)
        try:
            contract = generate.load_contract()
            generate.generate(contract, made)
            if problems := list(check_imports(made / generate.PACKAGE, generate.ROOT / generate.WRAPPER)):
                raise contract.error(*problems)
            check_result(made / generate.PACKAGE.parent)
        except (ContractError, ResultError) as error:
            print(f"The generation fails.\n{error}")
            return 2
        print("The result imports and passes mypy.")
        replace_versions(made)
        found = describe_differences(made, generate.ROOT, generate.OUTPUTS)
    print("\n".join(found[:MOST_LINES]) or "The result is what is there.")
    if len(found) > MOST_LINES:
        print(f"... and {len(found) - MOST_LINES} more lines")
    return 1 if found or changed else 0


if __name__ == "__main__":
    sys.exit(main())
