"""Generate what is not written by hand: the package of models, the sync packages, the request's schema.

`python scripts/generate.py OUTPUT` generates into a temporary folder, checks the result, and only then replaces the
files below OUTPUT that changed. If the contract or the result is not right, it says why and changes nothing. With
`--check` it replaces nothing, and prints what differs; the exit status says whether anything does.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from generation.checks import check_contract
from generation.enums import name_open_enums
from generation.output import describe_differences, replace_files
from generation.result import ResultError, check_imports, check_result, model_modules
from generation.schemas import make_consts
from generation.source import Contract, ContractError
from params import typed_dicts
from request import check_requests, request_document, request_schema
from unasync import NAMES, sync_source

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT / "openapi.yaml"
PACKAGE = Path("generated/opper_chat_api")
WRAPPER = Path("wrapper/opper_chat")
SCHEMA = WRAPPER / "testing" / "contract.json"
SYNC_FOLDERS = {
    Path("_transport/_async"): Path("_transport/_sync"),
    Path("_async"): Path("_sync"),
    Path("batch/_async"): Path("batch/_sync"),
}
"""Folders of the wrapper that are written once, async, and the folders of sync modules made from them."""
OUTPUTS = [PACKAGE, SCHEMA, *(WRAPPER / folder for folder in SYNC_FOLDERS.values())]
"""What is generated, relative to the root."""


def banner(source: str, tool: str) -> str:
    return (
        f"# Made from {source} by {tool}. Do not edit:\n"
        "# change the source and run `nox -s generate`; `nox -s drift` fails where they differ.\n"
    )


def run(*command: str) -> None:
    """Run a tool of this environment.

    Raises:
        ResultError: it fails.
    """
    environment = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ResultError(f"{command[0]} fails", f"{done.stdout}{done.stderr}")


def load_contract() -> Contract:
    """Return the contract, checked.

    Raises:
        ContractError: it has mistakes.
    """
    contract = Contract(CONTRACT)
    make_consts(contract.document)
    check_contract(contract)
    try:
        check_requests(contract.document, create_arguments())
    except ContractError as error:
        raise contract.error(*error.problems) from None
    return contract


def generate_package(contract: dict[str, Any], output: Path) -> None:
    """Write the models, the endpoint functions and the typed dicts of the requests."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "openapi.json")
        document.write_text(json.dumps(contract, default=str), "utf-8")
        run(
            "openapi-python-client", "generate", "--fail-on-warning", "--meta", "none",
            "--path", str(document), "--config", str(ROOT / "generator-config.yaml"),
            "--custom-template-path", str(ROOT / "generator-templates"), "--output-path", str(output),
        )  # fmt: skip
    generate_params(request_document(contract, model_modules(output)), output / "params.py")
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
    """Name what `create()` takes in addition to the parameters of the contract."""
    create = ast.parse((ROOT / WRAPPER / "_async/completions.py").read_text("utf-8"))
    functions = [node for node in ast.walk(create) if isinstance(node, ast.AsyncFunctionDef) and node.name == "create"]
    named = {argument.arg for node in functions for argument in (*node.args.args, *node.args.kwonlyargs)}
    settings = ast.parse((ROOT / WRAPPER / "_config/options.py").read_text("utf-8"))
    for node in settings.body:
        if isinstance(node, ast.ClassDef) and node.name in ("RequestOptions", "CallOptions"):
            named |= {ast.unparse(option.target) for option in node.body if isinstance(option, ast.AnnAssign)}
    return named


def generate_request_schema(contract: dict[str, Any], output: Path) -> None:
    """Write what the local server checks requests against."""
    output.parent.mkdir(parents=True, exist_ok=True)
    schema = request_schema(contract)
    output.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", "utf-8")


def generate_sync(output: Path) -> None:
    """Write the sync folders of the wrapper, without files that no async module makes."""
    used: set[str] = set()
    for source, target in SYNC_FOLDERS.items():
        folder = output / target
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


def generate(contract: Contract, root: Path) -> None:
    """Generate everything below a root, which is empty."""
    generate_package(name_open_enums(contract.document), root / PACKAGE)
    generate_sync(root / WRAPPER)
    generate_request_schema(contract.document, root / SCHEMA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, nargs="?", default=ROOT, help="the root to write below")
    parser.add_argument("--check", action="store_true", help="compare with OUTPUT and write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opper-chat-generate-") as folder:
        made = Path(folder)
        contract = load_contract()
        generate(contract, made)
        if not arguments.check:
            if problems := list(check_imports(made / PACKAGE, ROOT / WRAPPER)):
                raise contract.error(*problems)
            check_result(made / PACKAGE.parent)
            changed = replace_files(made, arguments.output, OUTPUTS)
            print(f"{len(changed)} files changed." if changed else "Nothing changed.")
            return
        found = describe_differences(made, arguments.output, OUTPUTS)
    if found:
        sys.exit("\n".join(["The tree is not what `nox -s generate` makes:", *found]))
    print("The tree is what `nox -s generate` makes.")


if __name__ == "__main__":
    try:
        main()
    except (ContractError, ResultError) as error:
        sys.exit(str(error))
