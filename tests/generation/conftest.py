from pathlib import Path

import pytest
from generator_tree import Tree, copy_tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A copy of what is generated and what it is generated from."""
    return copy_tree(tmp_path)
