"""Rules of the house that a reader would otherwise have to watch."""

import ast
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

#: A file this long holds two concepts.
MOST_LINES = 400
MOST_FUNCTION_LINES = 50

VAGUE_NAMES = {"utils", "util", "helpers", "common", "misc"}


@pytest.fixture(scope="module")
def sources(root: Path, folders: dict[str, str]) -> list[Path]:
    return [source for folder in folders for source in (root / folder).rglob("*.py")]


def test_no_file_is_longer_than_one_concept(sources):
    assert [source for source in sources if len(source.read_text().splitlines()) > MOST_LINES] == []


def test_no_function_is_too_long_to_read_at_once(sources):
    long = [
        f"{source}:{node.lineno} {node.name}"
        for source in sources
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert long == []


def test_every_file_is_named_by_its_concept(sources):
    assert [source for source in sources if source.stem in VAGUE_NAMES] == []


def test_every_module_opens_with_what_lives_in_it(sources):
    silent = [source for source in sources if source.read_text().strip() and not ast.get_docstring(parse(source))]
    assert silent == []


def test_what_the_package_needs_is_tracked_by_git(root, folders):
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--ignored", "--exclude-standard", *folders],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    ignored = [name for name in listed.stdout.splitlines() if "__pycache__" not in name and "_cache/" not in name]
    assert ignored == []


def parse(source: Path) -> ast.Module:
    """Parse one file."""
    return ast.parse(source.read_text(encoding="utf-8"))


def test_a_timeout_of_asyncio_is_caught_on_python_3_10_too(root):
    """Before Python 3.11 `asyncio.TimeoutError` is not the built-in `TimeoutError`."""
    wrong = [
        f"{source.relative_to(root)}:{name.lineno}"
        for source in tracked_modules(root)
        if "asyncio.wait_for(" in source.read_text(encoding="utf-8")
        for name in caught_names(parse(source))
        if name.id == "TimeoutError"
    ]
    assert wrong == []


def tracked_modules(root: Path) -> list[Path]:
    """Return every Python module of the repository, tests and benchmarks included."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip(f"not a git checkout: {listed.stderr.strip()}")
    return [path for path in map(root.joinpath, listed.stdout.splitlines()) if path.exists()]


def caught_names(module: ast.Module) -> list[ast.Name]:
    """Return the plain names in `except` and `suppress(...)`."""
    caught = [node.type for node in ast.walk(module) if isinstance(node, ast.ExceptHandler) and node.type is not None]
    caught += [
        argument
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "suppress"
        for argument in node.args
    ]
    return [name for kind in caught for name in ast.walk(kind) if isinstance(name, ast.Name)]
