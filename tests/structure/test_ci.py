"""CI runs the whole suite on every Python and every Django that the package names."""

import re
from pathlib import Path

CLASSIFIER = re.compile(r'"(?:Programming Language :: Python|Framework :: Django) :: (\d+\.\d+)"')
LINE = re.compile(r'^    "(?P<python>\d+\.\d+) (?P<django>\d+\.\d+) (?P<options>[^"]*)"$', re.MULTILINE)


def matrix(root: Path) -> list[re.Match[str]]:
    """Return the lines of the matrix in .ci/run."""
    return list(LINE.finditer((root / ".ci" / "run").read_text(encoding="utf-8")))


def test_every_release_that_the_package_names_is_in_the_matrix(root: Path) -> None:
    named = re.findall(CLASSIFIER, (root / "setup.py").read_text(encoding="utf-8"))
    found = {line[name] for line in matrix(root) for name in ("python", "django")}
    assert set(named) == found


def test_no_line_of_the_matrix_leaves_tests_out(root: Path) -> None:
    lines = matrix(root)
    assert len(lines) == 4
    for line in lines:
        options = line["options"].split()
        assert set(options) <= {"--no-lint", "--lowest", "--django", line["django"]}
        assert ("--lowest" in options) != ("--django" in options)
    assert sum("--no-lint" not in line["options"] for line in lines) == 1


def test_the_oldest_releases_are_tested_on_the_oldest_python(root: Path) -> None:
    setup = (root / "setup.py").read_text(encoding="utf-8")
    (lowest,) = [line for line in matrix(root) if "--lowest" in line["options"]]
    assert f'python_requires=">={lowest["python"]}"' in setup
    assert f'"Django>={lowest["django"]}"' in setup
