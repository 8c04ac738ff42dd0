"""The overrides of the generator's templates are of the stock templates that are installed."""

import json
from pathlib import Path

import pytest
from generation import templates
from generator_tree import ROOT, Tree

OVERRIDES = sorted((ROOT / "generator-templates").glob("*.jinja"))


def test_no_stock_template_changed() -> None:
    """Those that are overridden. If one did, compare the override with it, and record it as CONTRIBUTING says."""
    assert templates.changed_templates() == []
    record = json.loads(templates.RECORD.read_text("utf-8"))
    assert record["generator"] == f"openapi-python-client {templates.version('openapi-python-client')}"


@pytest.mark.parametrize("path", OVERRIDES, ids=[path.name for path in OVERRIDES])
def test_an_override_says_what_it_was_written_for(path: Path) -> None:
    """The generator's version, in its first lines."""
    record = json.loads(templates.RECORD.read_text("utf-8"))
    start = "".join(path.read_text("utf-8").splitlines()[:4])
    assert record["generator"] in start
    assert start.startswith(f"{{# Overrides {path.name} of ") == (path.name in record["templates"])


def test_a_changed_stock_template_is_named(tree: Tree) -> None:
    """A changed, a new and a missing one; and the trial of the newest generator ends with status 1 and says so."""
    record = tree / "generator-templates" / "stock.json"
    content = json.loads(record.read_text("utf-8"))
    content["templates"]["client.py.jinja"] = "0" * 64
    del content["templates"]["types.py.jinja"]
    content["templates"]["gone.py.jinja"] = "0" * 64
    record.write_text(json.dumps(content), "utf-8")
    done = tree.run("scripts/generator_next.py")
    assert done.returncode == 1, done.stderr
    lines = done.stdout.splitlines()
    assert "generator-templates/client.py.jinja: the stock template changed: compare the override with it" in lines
    assert "generator-templates/types.py.jinja: the override is not recorded: compare the override with it" in lines
    assert "generator-templates/gone.py.jinja: the stock template is gone: compare the override with it" in lines
    assert lines[-2:] == ["The result imports and passes mypy.", "The result is what is there."]
    template = tree / "generator-templates" / "client.py.jinja"
    template.write_text(template.read_text("utf-8") + "{{ undefined_macro() }}", "utf-8")
    done = tree.run("scripts/generator_next.py")
    assert done.returncode == 2
    assert "The generation fails." in done.stdout
