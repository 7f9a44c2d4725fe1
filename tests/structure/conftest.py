"""What the tests about the repository itself share: where it is, and the table of setup.py."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


def load(name: str, path: Path) -> ModuleType:
    """Load a file of this repository that is not part of the package."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def folders() -> dict[str, str]:
    """FOLDERS of setup.py: folder -> package."""
    table: dict[str, str] = load("towpath_mapped_tree", ROOT / "tests/typing/mapped_tree.py").folders(ROOT)
    return table
