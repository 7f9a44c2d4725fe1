"""Wheel and sdist: both are built from a copy of the repository and compared with its files."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

ADDRESS = "https://example.com/towpath/towpath"
LINK = re.compile(r"\]\(([^)]+)\)")


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


@pytest.fixture(scope="module")
def sdist(sources: Path, build: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked sdist."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(sources, "sdist")) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = folder.iterdir()
    return unpacked


def test_the_sdist_is_the_repository(sources, sdist):
    made = ("PKG-INFO", "setup.cfg", "towpath.egg-info/", "build/", "dist/")
    packed, there = ({name for name in files_below(folder) if not name.startswith(made)} for folder in (sdist, sources))
    assert packed == there


def test_a_wheel_built_from_the_sdist_is_the_same(sdist, wheel, build):
    assert installed_files(build(sdist, "wheel")) == installed_files(wheel)


def test_with_a_public_address_the_metadata_links_to_it(sources, tmp_path):
    found = metadata(sources, tmp_path, {"TOWPATH_REPOSITORY": ADDRESS})
    urls = dict(value.split(", ") for value in found.get_all("Project-URL", []))
    assert urls["Source"] == ADDRESS
    assert {"Documentation", "Changelog", "Issues"} < set(urls)
    links = LINK.findall(found.get_payload())
    files = [link.removeprefix(f"{ADDRESS}/blob/main/") for link in links if link.startswith(ADDRESS)]
    assert "docs/architecture.md" in files
    assert [name for name in files if not (sources / name).exists()] == []
    assert [link for link in links if "://" not in link] == []


def test_without_a_public_address_the_metadata_has_no_link_that_leads_nowhere(sources, tmp_path):
    found = metadata(sources, tmp_path, {})
    assert found.get_all("Project-URL") is None
    assert [link for link in LINK.findall(found.get_payload()) if "://" not in link] == []
    assert "How it works, and the wire contract" in found.get_payload()


INSTALL = re.compile(r"^```sh\n(?P<commands>python -m pip .*?)^```$", re.MULTILINE | re.DOTALL)
#: The commands of the README as they are, but for what they would fetch: it is here already.
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@pytest.mark.parametrize("number", [0, 1], ids=["a checkout", "a wheel"])
def test_the_install_commands_of_the_readme_install_a_towpath_that_runs(
    root, sources, new_environment, tmp_path, number
):
    commands = INSTALL.findall((root / "README.md").read_text(encoding="utf-8"))[number]
    python = new_environment(tmp_path / "venv")
    variables = {**os.environ, **OFFLINE, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    script = f"set -e\n{commands.replace('/path/to/towpath', str(sources))}\ntowpath-interface --help\n"
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Serve HTTP and WebSockets for the workers of a channel layer." in done.stdout
    where = subprocess.run(
        [python, "-c", "import towpath; print(towpath.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(tmp_path / "venv"))


def test_there_is_no_top_level_folder_that_would_shadow_the_package(root):
    assert not (root / "towpath").exists()


def installed_files(wheel: Path) -> set[str]:
    """Return the files a wheel installs, without its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def files_below(folder: Path) -> set[str]:
    """Return the paths of all files in a folder, relative to it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def metadata(sources: Path, target: Path, variables: dict[str, str]) -> Message:
    """Return the metadata of a wheel that is built with these environment variables."""
    code = f"from setuptools import build_meta; print(build_meta.prepare_metadata_for_build_wheel({str(target)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=sources, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return Parser().parsestr((target / done.stdout.splitlines()[-1] / "METADATA").read_text(encoding="utf-8"))
