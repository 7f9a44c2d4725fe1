"""`manage.py rundelay`: the command of 1.x for delayed messages. Workers deliver them, so it only prints a notice."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER


class Command(BaseCommand):
    """Prints that there is nothing to run, and succeeds; it accepts the options of 1.x."""

    help = "Does nothing: workers deliver delayed messages. Remove it from your process supervisor."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--layer", default=DEFAULT_CHANNEL_LAYER, help="not used")
        parser.add_argument("--sleep", type=float, default=1, help="not used")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(
            "There is nothing to run: workers (manage.py runworker) deliver delayed messages. "
            "Take rundelay out of your process supervisor."
        )
