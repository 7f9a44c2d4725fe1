"""`manage.py rundelay`: 1.x had a process for delayed messages. Here workers hand them on, so it only says so."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from towpath.channels.configured import DEFAULT_CHANNEL_LAYER


class Command(BaseCommand):
    """Says that there is nothing to run, and succeeds; it takes the options of 1.x."""

    help = "Does nothing: workers hand delayed messages on themselves. Take it out of your process supervisor."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--layer", default=DEFAULT_CHANNEL_LAYER, help="not used")
        parser.add_argument("--sleep", type=float, default=1, help="not used")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(
            "There is nothing to run: workers (manage.py runworker) hand delayed messages on themselves. "
            "Take rundelay out of your process supervisor."
        )
