"""The subcommands of `manage.py towpath`, by name."""

from .action import Action, Console
from .ordering import PauseChannel, PurgeChannel, RestartWorkers, ResumeChannel
from .showing import ShowChannels, ShowGroups, ShowMessages, ShowStatus

__all__ = ["ACTIONS", "Action", "Console"]

ACTIONS: tuple[Action, ...] = (
    ShowStatus(),
    ShowChannels(),
    ShowGroups(),
    ShowMessages(),
    PauseChannel(),
    ResumeChannel(),
    PurgeChannel(),
    RestartWorkers(),
)
