"""The documentation as a site: a complete reference, and a build that ends with an error after a broken link."""

import ast
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from docs.site import api, pictures, repository_links

pytestmark = pytest.mark.once

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: The folders below which every module with an `__all__` is public.
PUBLIC = ("app", "routing", "worker", "layers/redis", "layers/memory", "layers/conformance")
#: Modules with an `__all__` that serve the library itself.
INTERNAL = {"towpath.development", "towpath.operations.actions", "towpath.worker.monitoring"}


def test_every_public_module_is_in_the_reference(root: Path, folders: dict[str, str]) -> None:
    modules = {package for folder, package in folders.items() if (root / folder / "__init__.py").exists()}
    for folder in PUBLIC:
        top, _, rest = folder.partition("/")
        package = ".".join(filter(None, [folders[top], rest]))
        for path in (root / folder).rglob("*.py"):
            parts = path.relative_to(root / folder).with_suffix("").parts
            module = ".".join((package, *(part for part in parts if part != "__init__")))
            if re.search(r"^__all__ = ", path.read_text(encoding="utf-8"), re.MULTILINE):
                modules.add(module)
    modules = {module for module in modules if hasattr(import_module(module), "__all__")}
    assert sorted(modules - INTERNAL - set(api.MODULES)) == []


def test_every_name_that_the_pages_import_has_an_entry(root: Path) -> None:
    known = {f"{module}.{name}" for module, name in api.addresses()} | set(api.MODULES)
    unknown = {}
    for page in [root / "README.md", *(root / "docs").rglob("*.md")]:
        for block in PYTHON.findall(page.read_text(encoding="utf-8")):
            names = set(imported(block)) - known
            if names:
                unknown[page.name] = names
    assert unknown == {}


def imported(block: str) -> set[str]:
    """Return the names of Towpath that a block imports; none if the block is only a part of a file."""
    try:
        tree = ast.parse(block)
    except SyntaxError:
        return set()
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {
        f"{node.module}.{name.name}" for node in nodes if node.module.split(".")[0] == "towpath" for name in node.names
    }


def test_the_front_page_shows_the_chat_of_the_readme(root: Path) -> None:
    (chat,) = PYTHON.findall((root / "docs" / "index.md").read_text(encoding="utf-8"))
    assert chat in PYTHON.findall((root / "README.md").read_text(encoding="utf-8"))


def test_every_command_is_on_the_page_of_commands(root: Path) -> None:
    text = (root / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    scripts = re.findall(r'"(towpath-\w+) = ', (root / "setup.py").read_text(encoding="utf-8"))
    commands = [path.stem for path in (root / "app/management/commands").glob("[a-z]*.py")]
    assert scripts and "runworker" in commands
    for name in [*scripts, *(f"manage.py {command}" for command in commands)]:
        assert f":prog: {name}\n" in text


BUILD = (
    "import sys; from pathlib import Path; from docs.site.build import build; sys.exit(build(*map(Path, sys.argv[1:])))"
)


def test_a_build_with_a_broken_link_fails_and_names_it(root: Path, tmp_path: Path) -> None:
    pages = tmp_path / "docs"
    pages.mkdir()
    (pages / "index.md").write_text(
        "# Front\n\n[there](nowhere.md), [a file](../nothing.conf) and [a part](#no-such-part)\n"
    )
    command = [sys.executable, "-c", BUILD, pages, tmp_path / "out"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    for target in ("nowhere.md", "../nothing.conf", "no-such-part"):
        assert target in done.stderr


@pytest.mark.parametrize(
    ("address", "expected"),
    [("", "nginx.conf"), ("https://example.com/t", "[nginx.conf](https://example.com/t/blob/main/deploy/nginx.conf)")],
)
def test_a_link_to_a_file_of_the_repository(monkeypatch: pytest.MonkeyPatch, address: str, expected: str) -> None:
    monkeypatch.setenv("TOWPATH_REPOSITORY", address)
    assert repository_links.link("nginx.conf", "deploy/nginx.conf") == expected


def test_the_pictures_are_those_that_the_script_draws(root: Path) -> None:
    drawn = {f"{name}.svg": pictures.draw(picture) for name, picture in pictures.PICTURES.items()}
    assert drawn == {path.name: path.read_text(encoding="utf-8") for path in (root / "docs/pictures").iterdir()}
