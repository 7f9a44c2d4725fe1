"""The audit distinguishes packages with holes, unknown packages, and clean ones."""

import pytest

from tests.tools.audit.verdicts import verdicts

PINS = "Django==5.2.19\nredis==8.1.0\n"


def report(*entries: dict) -> dict:
    """Return what pip-audit writes, with Django clean."""
    return {"dependencies": [{"name": "django", "version": "5.2.19", "vulns": []}, *entries], "fixes": []}


def page(version: str, *holes: dict) -> dict:
    """Return what PyPI's page of a project tells."""
    return {"info": {"version": version}, "vulnerabilities": list(holes)}


def nobody_asks(name: str) -> None:
    """Be the page of what pip-audit has looked up."""
    pytest.fail(f"asked for the page of {name}")


def test_a_package_that_pip_audit_found_clean_is_clean():
    found = verdicts(PINS, report({"name": "redis", "version": "8.1.0", "vulns": []}), nobody_asks)
    assert [(verdict.name, verdict.is_clean) for verdict in found] == [("Django", True), ("redis", True)]


def test_a_hole_that_pip_audit_found_is_named():
    hole = {"id": "PYSEC-2023-45", "fix_versions": ["4.5.4"], "aliases": []}
    found = verdicts(PINS, report({"name": "redis", "version": "8.1.0", "vulns": [hole]}), nobody_asks)
    assert [verdict.is_clean for verdict in found] == [True, False]
    assert "PYSEC-2023-45" in found[1].words


@pytest.mark.parametrize("skipped", [[{"name": "redis", "skip_reason": "not found"}], []])
def test_what_pip_audit_skipped_is_clean_if_it_is_the_newest_release_and_that_is_clean(skipped):
    asked = []
    found = verdicts(PINS, report(*skipped), lambda name: asked.append(name) or page("8.1.0"))
    assert asked == ["redis"]
    assert found[1].is_clean


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "UNKNOWN"),
        ({"info": {"version": "8.1.0"}}, "UNKNOWN"),
        (page("8.1.1"), "8.1.1"),
        (page("8.1.0", {"id": "PYSEC-2026-1", "withdrawn": None}), "PYSEC-2026-1"),
    ],
    ids=["no page", "a page without holes", "another release", "a hole"],
)
def test_what_pip_audit_skipped_is_refused_otherwise(answer, words):
    found = verdicts(PINS, report(), lambda name: answer)
    assert not found[1].is_clean
    assert words in found[1].words


def test_a_hole_that_was_withdrawn_is_none():
    withdrawn = {"id": "PYSEC-2026-1", "withdrawn": "2026-11-01T00:00:00Z"}
    assert verdicts(PINS, report(), lambda name: page("8.1.0", withdrawn))[1].is_clean
