"""Fixtures of the tests about the repository itself: its folder, the table of setup.py, a wheel built from a copy."""

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

Build = Callable[[Path, str], Path]

ROOT = Path(__file__).parents[2]

# Not through sys.path: the repository's root has folders that must never be importable names.
DOCS = ModuleType("docs")
DOCS.__path__ = [str(ROOT / "docs")]
sys.modules.setdefault("docs", DOCS)

#: What a checkout holds beside its tracked files.
UNTRACKED = shutil.ignore_patterns(
    "__pycache__", "*.egg-info", "*.sqlite3", ".cache", ".environments", ".git", ".hypothesis", ".venv*", ".*_cache",
    "build", "dist", "var",
)  # fmt: skip


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
    table: dict[str, str] = load("towpath_mapped_tree", ROOT / "tests/tools/types/mapped_tree.py").folders(ROOT)
    return table


@pytest.fixture(scope="session")
def sources(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the repository: a build leaves traces in its folder."""
    copy = tmp_path_factory.mktemp("copy") / "sources"
    shutil.copytree(root, copy, ignore=UNTRACKED)
    return copy


@pytest.fixture(scope="session")
def wheel(sources: Path) -> Path:
    """The wheel of the copy."""
    return build_distribution(sources, "wheel")


@pytest.fixture(scope="session")
def build() -> Build:
    """Builds a wheel or an sdist of a folder."""
    return build_distribution


@pytest.fixture(scope="session")
def new_environment() -> Callable[[Path], Path]:
    """Makes a virtual environment with the requirements of Towpath, but without Towpath; returns its interpreter."""

    def make(folder: Path) -> Path:
        venv.create(folder, with_pip=False, symlinks=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        # A line of a .pth file adds the folder without running the .pth files in it: this checkout stays invisible.
        requirements = folder / "lib" / version / "site-packages" / "requirements.pth"
        requirements.write_text(sysconfig.get_path("purelib"))
        return folder / "bin" / "python"

    return make


def build_distribution(sources: Path, kind: str) -> Path:
    """Build a wheel or an sdist with the installed setuptools, without the network."""
    target = sources / "dist"
    target.mkdir(exist_ok=True)
    code = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(target)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target / done.stdout.splitlines()[-1]
