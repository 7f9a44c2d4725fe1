"""A mutant finds its place after the file was moved, wrapped or indented anew, and refuses to guess."""

import pytest

from tests.tools.mutation.mutant import Mutant

CHUNKS = """
class Chunks:
    def read(self) -> int:
        if self._left > limit:
            raise BadRequest("too long")
        return self._left
"""


@pytest.fixture
def mutate(tmp_path):
    """Return the source with this anchor replaced."""

    def mutate(source: str, anchor: str, replacement: str) -> str:
        file = tmp_path / "interface" / "http" / "chunks.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
        change = Mutant("a name", "interface/**/chunks.py", anchor, replacement, "tests/unit").change(tmp_path)
        assert change.file == file
        return change.text

    return mutate


def test_an_anchor_is_replaced(mutate):
    assert mutate(CHUNKS, "        if self._left > limit:\n", "        if False:\n") == CHUNKS.replace(
        "self._left > limit", "False"
    )


def test_an_anchor_matches_code_that_was_wrapped(mutate):
    assert mutate("x = f(\n    first,\n    second)\n", "f(first, second)", "f(first)") == "x = f(first)\n"


def test_an_anchor_matches_code_that_was_indented_anew(mutate):
    anchor, replacement = "    if a:\n        return 1\n", "    if a:\n        if b:\n            return 2\n"
    assert mutate("        if a:\n            return 1\n", anchor, replacement) == (
        "        if a:\n            if b:\n                return 2\n"
    )


def test_a_replacement_keeps_its_own_indentation(mutate):
    assert mutate("    return 1\nend\n", "  return 1\nend", "end") == "  end\n"


def test_words_are_not_joined(mutate):
    with pytest.raises(LookupError):
        mutate("notx = 1\n", "not x", "x")


def test_a_placeholder_matches_a_renamed_attribute(mutate):
    source = CHUNKS.replace("_left", "_rest")
    changed = mutate(source, "if $LEFT > $LIMIT:", "if $LEFT > 2 * $LIMIT:")
    assert changed == source.replace("> limit", "> 2 * limit")


def test_a_placeholder_matches_the_same_name_each_time(mutate):
    assert mutate("a = b + c\nd = e + e\n", "$X + $X", "0") == "a = b + c\nd = 0\n"


@pytest.mark.parametrize("source", ["pass\n", "x = 1\nx = 1\n"], ids=["nowhere", "twice"])
def test_an_anchor_that_is_not_there_once_is_an_error_with_the_name_of_the_mutant(mutate, source):
    with pytest.raises(LookupError, match="'a name'"):
        mutate(source, "x = 1", "x = 2")
