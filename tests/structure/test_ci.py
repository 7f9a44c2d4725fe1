"""CI runs on every Python and every Django that the package names: everything once, and the rest on each."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

CLASSIFIER = re.compile(r'"(?:Programming Language :: Python|Framework :: Django) :: (\d+\.\d+)"')
LINE = re.compile(r'^    "(?P<python>\d+\.\d+) (?P<django>\d+\.\d+) (?P<options>[^"]*)"$', re.MULTILINE)
#: Reason -> tests whose result is the same on every Python and Django.
ONCE = {
    "they read sources and documents": [
        "structure/test_audit.py",
        "structure/test_bench.py",
        "structure/test_buffers_of_the_document.py",
        "structure/test_documentation.py",
        "structure/test_ci.py",
        "structure/test_deploy_files.py",
        "structure/test_house_rules.py",
        "structure/test_imports.py",
        "structure/test_language.py",
        "structure/test_mutants.py",
        "structure/test_parity.py",
        "structure/test_protocol_names.py",
        "structure/test_user_types.py",
    ],
    "they search a model": ["unit/explorer/test_search.py", "unit/explorer/test_turn_protocol.py"],
    "they run JavaScript": [
        "e2e/browser/test_bridge.py",
        "e2e/browser/test_document_scripts.py",
        "e2e/browser/test_everyone.py",
        "e2e/browser/test_tutorial.py",
        "unit/bridge/test_bridge.py",
    ],
}


def matrix(root: Path) -> list[re.Match[str]]:
    """Return the lines of the matrix in .ci/run."""
    return list(LINE.finditer((root / ".ci" / "run").read_text(encoding="utf-8")))


def test_every_release_that_the_package_names_is_in_the_matrix(root: Path) -> None:
    named = re.findall(CLASSIFIER, (root / "setup.py").read_text(encoding="utf-8"))
    found = {line[name] for line in matrix(root) for name in ("python", "django")}
    assert set(named) == found


def test_one_line_of_the_matrix_runs_everything_and_the_others_all_that_depends_on_the_python(root: Path) -> None:
    lines = matrix(root)
    assert len(lines) == 4
    for line in lines:
        options = line["options"].split()
        assert set(options) <= {"--again", "--lowest", "--django", line["django"]}
        assert ("--lowest" in options) != ("--django" in options)
    assert sum("--again" not in line["options"] for line in lines) == 1


def test_only_tests_of_sources_models_and_pages_run_once(root: Path) -> None:
    tests = root / "tests"
    marked = {
        source.relative_to(tests).as_posix()
        for source in tests.rglob("test_*.py")
        if "\npytestmark = pytest.mark.once\n" in source.read_text(encoding="utf-8")
    }
    assert marked == {name for names in ONCE.values() for name in names}


def test_the_oldest_releases_are_tested_on_the_oldest_python(root: Path) -> None:
    setup = (root / "setup.py").read_text(encoding="utf-8")
    (lowest,) = [line for line in matrix(root) if "--lowest" in line["options"]]
    assert f'python_requires=">={lowest["python"]}"' in setup
    assert f'"Django>={lowest["django"]}"' in setup
