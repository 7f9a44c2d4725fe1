"""Python files that `towpath-migrate` cannot read, or at which its parser crashes: one line each; others are read."""

from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from towpath.migrate import parser_process
from towpath.migrate.cli import ExitCode, main
from towpath.migrate.module import migrate_module

MODULE = 'from channels import Group\nINSTALLED_APPS = ["channels", "django.contrib.staticfiles"]\nroute("a", f"{x}")\n'
#: Pieces of hostile modules, in any order.
PARTS = [
    *("import channels\n", "from channels import (Group,\n\\\n Channel)\n", "from channels import *\n", "websocket.a"),
    *('"\\N{no}channels.x"', "'\\x", "'\\ud800.channels'", 'b"\xff"', "f'{", "}'", "'''", "r'", "\\\n", "\\", "\0"),
    *("(", ")", "[", "]", "{", "}", ":", "\n", "\r", "\r\n", "    ", "\t", "\f", "lambda ", "not ", "-", "*", "@"),
    *("INSTALLED_APPS += ", '["channels",]', "# coding: utf-16\n", "\u2028", "\ufeff", "0_0x", "print 'a'\n"),
    *("if a: ", "elif ", "match x:\n", "channels.", "é"),
]
FILES = {
    "null bytes": (MODULE + "x = 1\0\n").encode(),
    "deep brackets": f"import channels\nx = {'(' * 9999}{')' * 9999}\n".encode(),
    "deep operators": f"import channels\nx = {'not ' * 99999}y\n".encode(),
    "long chains": b"import channels\nif a: b\n" + b"elif a: b\n" * 20000,
    "a codec that fails": b"# coding: punycode\nimport channels\n",
    "a codec that is none": b"# coding: undefined\nimport channels\n",
    "a codec of other bytes": b"# coding: utf-7\nimport channels\nx = '+AGE-'\n",
    "a codec of surrogates": b"# coding: unicode_escape\nimport channels\nx = '\\ud800'\n",
    "no codec": b"# coding: channels\n",
    "bytes of another encoding": b"import channels  # \xff\n",
    "text that ends too early": b"import channels\nx = '''",
}


@given(st.lists(st.sampled_from(PARTS), max_size=40).map("".join))
def test_any_module_is_rewritten_or_reported(text: str) -> None:
    outcome = migrate_module(text)
    assert all(len(str(finding).splitlines()) == 1 for finding in outcome.findings)
    if outcome.is_changed:
        cst.parse_module(outcome.new)


def test_files_that_cannot_be_parsed_have_one_line_each_and_others_are_rewritten(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, source in FILES.items():
        (tmp_path / f"{name}.py").write_bytes(source)
    (tmp_path / "good.py").write_text(MODULE)
    (tmp_path / "two\nlines.py").write_text("import channels\nx = '''")
    (tmp_path / f"other{chr(0xDCFF)}.py").write_text("import channels\nx = '''")
    assert main(["--check", str(tmp_path)]) == ExitCode.TO_DO
    said, errors = capfd.readouterr()
    lines = said.splitlines()
    assert errors == ""
    assert f"{tmp_path}/good.py: to be rewritten" in lines
    for name in [*FILES, "two\\nlines", "other\\udcff"]:
        [line] = [line for line in lines if line.startswith(f"{tmp_path}/{name}.py:")]
        assert "nothing in it was rewritten" in line
    assert len(lines) == len(FILES) + 4
    assert sum("null bytes.py:4: " in line and line.endswith(" -> remove the null byte") for line in lines) == 1
    assert max(map(len, lines)) < 1000


@pytest.mark.parametrize("has_one_thread", [True, False])
def test_a_file_that_keeps_the_parser_busy_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, has_one_thread: bool
) -> None:
    monkeypatch.setattr(parser_process, "MOST_SECONDS", 1.0)
    if not has_one_thread:
        monkeypatch.setattr(parser_process, "_has_one_thread", lambda: False)
    (tmp_path / "a.py").write_text(f"import channels\nx = a{'.b' * 100_000}\n")
    assert main(["--check", str(tmp_path)]) == ExitCode.TO_DO
    assert "a.py:1: this file cannot be parsed" in capsys.readouterr().out


def test_a_process_with_threads_migrates_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_process, "_has_one_thread", lambda: False)
    with parser_process.ParserProcess() as parser:
        outcomes = [parser.migrate(text) for text in (MODULE, FILES["deep brackets"].decode(), MODULE)]
    assert [outcome.is_changed for outcome in outcomes] == [True, False, True]


def test_errors_of_the_parser_of_any_class_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("two\nlines")

    monkeypatch.setattr(cst, "parse_module", fail)
    [finding] = migrate_module(MODULE).findings
    assert "migrate it by hand (KeyError: " in str(finding)
    assert len(str(finding).splitlines()) == 1


def test_folders_in_folders_are_read_to_any_depth(tmp_path: Path) -> None:
    """More of them than calls of Python; they are removed here, for pytest would do it by recursion."""
    folder = tmp_path
    while len(str(folder)) < 2500:
        folder /= "a"
        folder.mkdir()
    try:
        (folder / "b.py").write_text(MODULE)
        assert main(["--check", str(tmp_path)]) == ExitCode.TO_DO
    finally:
        (folder / "b.py").unlink()
        while folder != tmp_path:
            folder.rmdir()
            folder = folder.parent
