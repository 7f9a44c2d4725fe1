"""The programs of `bench` and of the soak can be imported, print their help, and are named in documents as they are."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

#: Imports modules and prints the help of those with a command line. Packages of the benchmarks' environment that tests
#: do without are modules that have every name.
PROGRAM = """
import importlib, sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from unittest.mock import MagicMock

for name in ("picows", "matplotlib", "uvloop", "websockets"):
    if find_spec(name) is None:
        parts = ["", ".pyplot", ".axis", ".ticker", ".asyncio", ".asyncio.client", ".exceptions"]
        sys.modules.update({name + part: MagicMock() for part in parts})
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    if hasattr(module, "main"):
        sys.argv = [name, "--help"]
        printed = StringIO()
        try:
            with redirect_stdout(printed):
                module.main()
        except SystemExit as error:
            assert error.code == 0, name
        assert printed.getvalue().startswith("usage: "), name
    print(name)
"""


def modules(root: Path) -> list[str]:
    """Return the modules of the benchmarks and of the soak, without the programs and projects that they start."""
    sources = [*(root / "bench").rglob("*.py"), *(root / "tests" / "soak").rglob("*.py")]
    names = [source.relative_to(root).with_suffix("").parts for source in sources]
    return sorted(".".join(parts) for parts in names if not {"apps", "project", ".environments"} & set(parts))


def documents(root: Path) -> dict[str, str]:
    """Return the texts that name commands, by path: documents, and the programs themselves."""
    paths = [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "bench").glob("*.py"), root / "bench" / "run"]
    paths = [path for path in paths if path.name != "CHANGELOG.md"]
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths}


def test_every_module_of_the_benchmarks_imports_and_every_command_prints_its_help(root: Path) -> None:
    names = modules(root)
    command = [sys.executable, "-c", PROGRAM, *names]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.returncode) == (names, 0), done.stderr


def test_commands_that_documents_name_exist(root: Path) -> None:
    found = {
        (document, name.rstrip("."))
        for document, text in documents(root).items()
        for name in re.findall(r"python -m ((?:bench|tests)\.[\w.]+)", text)
    }
    assert len(found) > 5
    paths = {(document, name): root / name.replace(".", "/") for document, name in found}
    missing = [
        named
        for named, path in paths.items()
        if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists())
    ]
    assert missing == []


def test_paths_below_bench_that_documents_name_exist(root: Path) -> None:
    missing = [
        (document, path)
        for document, text in documents(root).items()
        for path in re.findall(r"(?<![\w./])(?:bench|tests/soak)/[\w/]+(?:\.\w+)?", text)
        if not (root / path).exists()
    ]
    assert missing == []


def test_programs_and_settings_that_the_benchmarks_start_exist(root: Path) -> None:
    sources = [*(root / "bench").glob("*.py"), *(root / "bench").glob("s*/*.py"), *(root / "tests/soak").glob("*.py")]
    text = "\n".join(source.read_text(encoding="utf-8") for source in sources)
    programs = re.findall(r'APPS / "(\w+)\.py"', text) + re.findall(r'"DJANGO_SETTINGS_MODULE": "(\w+)"', text)
    present = {path.stem for folder in ("bench/apps", "tests/soak/project") for path in (root / folder).glob("*.py")}
    assert len(programs) > 5
    assert set(programs) <= present
