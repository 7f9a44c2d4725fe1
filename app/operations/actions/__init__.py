"""The subcommands of `manage.py towpath`, by name."""

from .action import Action, Console
from .connections import DrainInterface, KickSockets, ShowSockets
from .ordering import PauseChannel, PurgeChannel, RestartWorkers, ResumeChannel
from .showing import ShowChannels, ShowGroups, ShowMessages, ShowStatus
from .watching import ShowTop

__all__ = ["ACTIONS", "Action", "Console"]

ACTIONS: tuple[Action, ...] = (
    ShowStatus(),
    ShowTop(),
    ShowSockets(),
    ShowChannels(),
    ShowGroups(),
    ShowMessages(),
    PauseChannel(),
    ResumeChannel(),
    PurgeChannel(),
    KickSockets(),
    DrainInterface(),
    RestartWorkers(),
)
