"""What is installed is what the folders hold: the wheel and the source archive are built and compared with them."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

#: What a build needs beside the mapped folders.
BUILD_FILES = ("setup.py", "pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "MANIFEST.in")


@pytest.fixture(scope="module")
def sources(root: Path, folders: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is needed to build: a build leaves traces where it happens."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in folders:
        shutil.copytree(root / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    for name in BUILD_FILES:
        if (root / name).exists():
            shutil.copy(root / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(sources: Path) -> Path:
    return build(sources, "wheel")


@pytest.fixture(scope="module")
def expected(sources: Path, folders: dict[str, str]) -> set[str]:
    """Every file of the mapped folders, by the path it must be installed at."""
    return {
        f"{package.replace('.', '/')}/{source.relative_to(sources / folder)}"
        for folder, package in folders.items()
        for source in (sources / folder).rglob("*")
        if source.is_file()
    }


def test_the_wheel_holds_exactly_what_the_folders_hold(wheel, expected):
    assert installed_files(wheel) == expected


def test_the_wheel_installs_only_towpath(wheel):
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.partition("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"towpath"}


def test_the_wheel_names_its_licence_and_its_console_script(wheel):
    with zipfile.ZipFile(wheel) as archive:
        texts = {
            name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist() if "-info/" in name
        }
    assert "BSD 3-Clause" in texts["LICENSE"]
    assert "towpath-interface = towpath.interface.cli:main" in texts["entry_points.txt"]
    assert "towpath-migrate = towpath.migrate.cli:main" in texts["entry_points.txt"]
    assert "Requires-Python: >=3.10" in texts["METADATA"]


def test_a_wheel_built_from_the_source_archive_is_the_same(sources, wheel, tmp_path):
    with tarfile.open(build(sources, "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    assert installed_files(build(unpacked, "wheel")) == installed_files(wheel)


def test_there_is_no_top_level_folder_that_would_shadow_the_package(root):
    assert not (root / "towpath").exists()


def build(sources: Path, kind: str) -> Path:
    """Build a wheel or a source archive with the installed setuptools, without the network."""
    target = sources / "dist"
    target.mkdir(exist_ok=True)
    code = f"from setuptools import build_meta; print(build_meta.build_{kind}({str(target)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=sources, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target / done.stdout.splitlines()[-1]


def installed_files(wheel: Path) -> set[str]:
    """Return the files a wheel installs, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}
