"""Generated text replaces generated text, and nothing that a person wrote."""

import pytest

from bench.report import BEGIN, END, replace_generated

WRITTEN = f"# Title\n\nWritten by hand.\n\n{BEGIN}\nold\n{END}\n\nAfterwards.\n"


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "document.md"
    path.write_text(WRITTEN)
    return path


def test_the_text_outside_of_the_markers_survives(document):
    replace_generated(document, "new")
    text = document.read_text()
    assert text.startswith("# Title\n\nWritten by hand.\n\n")
    assert text.endswith("\n\nAfterwards.\n")
    assert "old" not in text
    assert "new" in text


def test_the_same_text_again_changes_nothing(document):
    replace_generated(document, "new")
    once = document.read_text()
    replace_generated(document, "new")
    assert document.read_text() == once


@pytest.mark.parametrize(
    "text",
    ["nothing", f"{BEGIN} only", f"only {END}", f"{END} before {BEGIN}", WRITTEN + WRITTEN],
    ids=["none", "no end", "no begin", "wrong order", "twice"],
)
def test_a_document_without_one_pair_of_markers_is_refused_and_kept(document, text):
    document.write_text(text)
    with pytest.raises(ValueError, match=r"document\.md needs the lines"):
        replace_generated(document, "new")
    assert document.read_text() == text


def test_the_documents_of_this_repository_have_their_markers(tmp_path, command_line):
    for name in ("benchmarks.md", "performance.md"):
        copy = tmp_path / name
        copy.write_text((command_line.DOCS / name).read_text())
        replace_generated(copy, "new")
        assert copy.read_text().count("\nnew\n") == 1
