"""The options of the tests of the site, and the folders of the site and of its parts."""

import os
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chromium", default=os.environ.get("CHROMIUM"), help="the path of Chromium (default: CHROMIUM)")
    parser.addoption("--screenshots", type=Path, help="a folder for pictures of some pages")
