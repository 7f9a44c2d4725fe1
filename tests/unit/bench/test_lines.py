"""Processes that are spoken to in lines."""

import sys

import pytest

from bench.systems.base import LineProcess, Silent


def python(code):
    return LineProcess([sys.executable, "-c", "import json, sys\n" + code])


def test_answers_come_in_order():
    with python("for line in sys.stdin: print(json.dumps({'heard': json.loads(line)}), flush=True)") as process:
        process.tell({"count": 1})
        process.tell("2")
        assert process.answer() == {"heard": {"count": 1}}
        assert process.answer() == {"heard": 2}


def test_a_process_that_ended_says_with_which_code():
    with python("sys.exit(3)") as process, pytest.raises(Silent, match="ended with 3"):
        process.answer()


def test_a_process_that_says_nothing_is_not_waited_for_without_end():
    with python("sys.stdin.read()") as process, pytest.raises(Silent, match=r"said nothing for 0\.01 s"):
        process.answer(0.01)
