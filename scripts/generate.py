"""Everything that is made and not written: the generated package, the sync packages, the request's schema.

`python scripts/generate.py OUTPUT` writes them below OUTPUT as they stand in the repository. Without
`--check` nothing else happens; with `--check` the result goes to a temporary folder, is compared with
OUTPUT, and the exit status says whether they are the same. A check repairs nothing.
"""

from __future__ import annotations

import argparse
import ast
import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from params import typed_dicts
from request import ContractError, request_document, request_schema
from unasync import NAMES, sync_source

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "openapi.yaml"
PACKAGE = Path("generated/opper_chat_api")
WRAPPER = Path("wrapper/opper_chat")
SCHEMA = WRAPPER / "testing" / "contract.json"
SYNC_FOLDERS = {Path("_transport/_async"): Path("_transport/_sync"), Path("_async"): Path("_sync")}
"""Folders of the wrapper that are written once, async, and the folders of sync modules made from them."""


def banner(source: str, tool: str) -> str:
    return (
        f"# Made from {source} by {tool}. Do not edit:\n"
        "# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.\n"
    )


def run(*command: str) -> None:
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def generate_package(output: Path) -> None:
    """Write the models, the endpoint functions and the typed dicts of the request."""
    # First, so that a contract that cannot be served leaves what is there alone.
    request = request_document(yaml.safe_load(CONTRACT.read_text("utf-8")), create_arguments())
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(parents=True, exist_ok=True)
    run(
        "openapi-python-client", "generate", "--fail-on-warning", "--meta", "none",
        "--path", str(CONTRACT), "--config", str(ROOT / "generator-config.yaml"),
        "--custom-template-path", str(ROOT / "generator-templates"), "--output-path", str(output),
    )  # fmt: skip
    generate_params(request, output / "params.py")
    ruff_format(output / "params.py")
    tools = f"openapi-python-client {version('openapi-python-client')}"
    for path in output.rglob("*.py"):
        tool = f"datamodel-code-generator {version('datamodel-code-generator')}" if path.name == "params.py" else tools
        path.write_text(banner("openapi.yaml", tool) + path.read_text(encoding="utf-8"), encoding="utf-8")
    (output / "py.typed").write_text(banner("openapi.yaml", tools), encoding="utf-8")


def generate_params(request: dict[str, Any], output: Path) -> None:
    """Write the typed dicts."""
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "request.json")
        document.write_text(json.dumps(request), "utf-8")
        run(
            "datamodel-codegen", "--input", str(document), "--input-file-type", "openapi", "--output", str(output),
            "--output-model-type", "typing.TypedDict", "--target-python-version", "3.11",
            "--use-schema-description", "--use-field-description", "--enum-field-as-literal", "all",
            "--use-standard-collections", "--use-union-operator", "--use-generic-container-types",
            "--no-use-closed-typed-dict",
            "--formatters", "builtin", "--disable-timestamp",
        )  # fmt: skip
    output.write_text(typed_dicts(output.read_text("utf-8")), "utf-8")


def create_arguments() -> set[str]:
    """Name what `create()` takes beside the parameters of the contract."""
    create = ast.parse((ROOT / WRAPPER / "_async/completions.py").read_text("utf-8"))
    functions = [node for node in ast.walk(create) if isinstance(node, ast.AsyncFunctionDef) and node.name == "create"]
    named = {argument.arg for node in functions for argument in (*node.args.args, *node.args.kwonlyargs)}
    settings = ast.parse((ROOT / WRAPPER / "_config/options.py").read_text("utf-8"))
    for node in settings.body:
        if isinstance(node, ast.ClassDef) and node.name in ("RequestOptions", "CallOptions"):
            named |= {ast.unparse(option.target) for option in node.body if isinstance(option, ast.AnnAssign)}
    return named


def generate_request_schema(output: Path) -> None:
    """Write what the local server checks requests against."""
    output.parent.mkdir(parents=True, exist_ok=True)
    schema = request_schema(yaml.safe_load(CONTRACT.read_text("utf-8")))
    output.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", "utf-8")


def generate_sync(output: Path) -> None:
    """Write the sync folders of the wrapper, without files that no async module makes."""
    used: set[str] = set()
    for source, target in SYNC_FOLDERS.items():
        folder = output / target
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in sorted((ROOT / WRAPPER / source).glob("*.py")):
            text = sync_source(path.read_text("utf-8"), used)
            made = folder / path.name
            made.write_text(banner(str(WRAPPER / source / path.name), "scripts/unasync.py") + text, "utf-8")
        ruff_format(folder)
    if unused := NAMES.keys() - used:
        sys.exit(f"scripts/unasync.py: no async module needs the rules for {', '.join(sorted(unused))}. Remove them.")


def ruff_format(path: Path) -> None:
    settings = ("--isolated", "--no-cache", "--line-length", "100", "--target-version", "py311")
    run("ruff", "check", *settings, "--select", "F401,I", "--fix", str(path))
    run("ruff", "format", *settings, str(path))


def generate(root: Path) -> None:
    generate_package(root / PACKAGE)
    generate_sync(root / WRAPPER)
    generate_request_schema(root / SCHEMA)


def differences(made: Path, found: Path) -> list[str]:
    """Name every file that was edited, added or deleted in `found`."""

    def files(root: Path) -> set[Path]:
        folders = [PACKAGE, *(WRAPPER / folder for folder in SYNC_FOLDERS.values())]
        found = {path.relative_to(root) for folder in folders for path in (root / folder).rglob("*") if path.is_file()}
        found = {path for path in found if "__pycache__" not in path.parts}
        return found | ({SCHEMA} if (root / SCHEMA).exists() else set())

    expected, present = files(made), files(found)
    lines = [f"missing: {path}" for path in sorted(expected - present)]
    lines += [f"not made by the generator: {path}" for path in sorted(present - expected)]
    for path in sorted(expected & present):
        if not filecmp.cmp(made / path, found / path, shallow=False):
            lines.append(f"differs: {path}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, nargs="?", default=ROOT, help="the root to write below")
    parser.add_argument("--check", action="store_true", help="compare with OUTPUT and write nothing")
    arguments = parser.parse_args()
    if not arguments.check:
        generate(arguments.output)
        return
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        found = differences(Path(folder), arguments.output)
    if found:
        sys.exit("\n".join(["The tree is not what `nox -s generate` makes:", *found]))
    print("The tree is what `nox -s generate` makes.")


if __name__ == "__main__":
    try:
        main()
    except ContractError as error:
        sys.exit(str(error))
