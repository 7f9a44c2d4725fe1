"""Whether each package has a known hole.

pip-audit asks for the page of a release. Some mirrors of PyPI have only the page of a project, which tells the holes of
its newest release: an answer as good, where the newest is what is installed. Where it is not, the answer is unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

#: Returns the page of a project, or None.
ProjectPage = Callable[[str], dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a package."""

    name: str
    version: str
    is_clean: bool
    words: str


def verdicts(requirements: str, report: dict[str, Any], project_page: ProjectPage) -> list[Verdict]:
    """Return a verdict for each pin of `requirements`, from pip-audit's report or else from the project's page."""
    audited = {entry["name"].lower(): entry for entry in report["dependencies"]}
    found = []
    for line in requirements.splitlines():
        name, _, version = line.partition("==")
        entry = audited.get(name.lower(), {})
        if "vulns" in entry:
            found.append(judge(name, version, [hole["id"] for hole in entry["vulns"]], "its release"))
        else:
            found.append(ask(name, version, project_page(name)))
    return found


def ask(name: str, version: str, page: dict[str, Any] | None) -> Verdict:
    """Return the verdict of the project's page."""
    if page is None or "vulnerabilities" not in page:
        return Verdict(name, version, is_clean=False, words="UNKNOWN: PyPI has no page of it")
    newest = page["info"]["version"]
    if newest != version:
        return Verdict(name, version, is_clean=False, words=f"UNKNOWN: PyPI tells only of the newest release, {newest}")
    holes = [hole["id"] for hole in page["vulnerabilities"] if not hole["withdrawn"]]
    return judge(name, version, holes, "its project, whose newest release it is")


def judge(name: str, version: str, holes: list[str], page: str) -> Verdict:
    """Return the verdict on a package whose known holes these are."""
    if holes:
        return Verdict(name, version, is_clean=False, words=f"HOLES: {', '.join(holes)} (page of {page})")
    return Verdict(name, version, is_clean=True, words=f"no known hole (page of {page})")
