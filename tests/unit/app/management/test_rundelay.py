"""`manage.py rundelay` of 1.x."""

from io import StringIO

from django.core.management import call_command

from towpath.management.commands.rundelay import Command


def test_it_says_that_workers_do_it_and_succeeds_with_the_options_of_1_x() -> None:
    output = StringIO()
    call_command(Command(), "--layer", "other", "--sleep", "0.5", stdout=output)
    assert "workers (manage.py runworker) deliver delayed messages" in output.getvalue()
