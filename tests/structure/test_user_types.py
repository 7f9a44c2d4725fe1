"""A user's project in the README's style is type-checked against an installed Towpath.

`tests/tools/types/user_project` is correct but for `mistakes.py`, whose lines that end with `# wrong` must be reported.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

PROJECT = Path(__file__).parents[1] / "tools" / "types" / "user_project"
MARK = "# wrong"

EDITABLE = ("--no-build-isolation", "--config-settings", "editable_mode=strict", "--editable")

#: A diagnostic: file, relative to the project, and line.
Place = tuple[str, int]


@pytest.fixture(scope="module", params=["wheel", "strict editable install"])
def interpreter(
    request: pytest.FixtureRequest,
    wheel: Path,
    sources: Path,
    new_environment: Callable[[Path], Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The Python of a user: Towpath is installed there, and its requirements are those of the test environment."""
    python = new_environment(tmp_path_factory.mktemp("user") / "venv")
    target = [str(wheel)] if request.param == "wheel" else [*EDITABLE, str(sources)]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install"]
    run(*pip, "--quiet", "--no-deps", "--no-index", *target)
    return python


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the user's project, where type checkers may keep their caches."""
    copy = tmp_path_factory.mktemp("project") / "site"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def test_mypy_reports_the_mistakes_of_a_user_and_nothing_else(interpreter: Path, project: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--python-executable", str(interpreter), "--output", "json", "."]
    found = [json.loads(line) for line in run(*command, folder=project, codes=(1,)).splitlines()]
    places = {(each["file"], each["line"]) for each in found if each["severity"] == "error"}
    assert places == mistakes(project), found


def test_pyright_reports_the_mistakes_of_a_user_and_nothing_else(interpreter: Path, project: Path) -> None:
    pyright = Path(sys.executable).with_name("pyright")
    if subprocess.run([pyright, "--version"], capture_output=True, check=False).returncode:
        pytest.skip("pyright cannot run: its first run fetches the npm package")
    command = [str(pyright), "--pythonpath", str(interpreter), "--outputjson"]
    found = json.loads(run(*command, folder=project, codes=(1,)))["generalDiagnostics"]
    lines = {(each["file"], each["range"]["start"]["line"] + 1) for each in found}
    assert {(str(Path(file).relative_to(project)), line) for file, line in lines} == mistakes(project), found


def mistakes(project: Path) -> set[Place]:
    """Return the marked lines."""
    lines = (project / "mistakes.py").read_text(encoding="utf-8").splitlines()
    return {("mistakes.py", number) for number, line in enumerate(lines, 1) if line.endswith(MARK)}


def run(*command: str, folder: Path | None = None, codes: tuple[int, ...] = (0,)) -> str:
    """Run a command that has to end with one of `codes`; return its output."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in codes, done.stdout + done.stderr
    return done.stdout
