"""Channels, groups, and the messages that wait, as text and as plain data."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.survey import GroupState, Survey, WaitingMessage

from .contents import shown_content
from .pausing import paused_state
from .table import table

#: In place of a message that is damaged, foreign or sealed with an unknown key.
UNDECODABLE = "(cannot be decoded)"


def channel_states(survey: Survey, channels: Iterable[str]) -> list[dict[str, Any]]:
    """Return the queue of each channel of the routing and of the running workers, and how many workers take from it.

    Raises:
        LayerUnavailable: Redis does not answer.
    """
    workers = [record for record in survey.processes() if record.kind == "worker"]
    names = sorted({*channels, DELAY_CHANNEL, *(channel for record in workers for channel in record.channels)})
    paused = survey.paused()
    return [
        {
            **asdict(queue),
            "workers": sum(queue.channel in record.channels for record in workers),
            "state": paused_state(queue.channel, paused),
        }
        for queue in survey.queues(names)
    ]


def channels_report(states: Sequence[dict[str, Any]]) -> str:
    """Return channels as text."""
    columns = ["channel", "workers", "depth", "oldest_seconds", "delayed", "lost", "expired", "full", "state"]
    rows = [[_shown(state[column]) for column in columns] for state in states]
    return "\n".join(table(columns, rows))


def groups_report(groups: Sequence[GroupState], is_cut: bool) -> str:
    """Return groups as text."""
    rows = [[group.group, str(group.marks), str(group.members)] for group in groups]
    more = ["There are more: give a higher --limit"] if is_cut else []
    return "\n".join(table(["group", "servers", "members"], rows) + more)


def messages_report(messages: Sequence[WaitingMessage]) -> str:
    """Return messages as text, one a line, with values cut and secrets hidden (see `contents`)."""
    lines = []
    for message in messages:
        content = UNDECODABLE if message.content is None else _content(message.content)
        lines.append(f"{message.age_seconds:.1f} s  {content}")
    return "\n".join(lines) if lines else "(no messages)"


def messages_json(messages: Sequence[WaitingMessage]) -> list[dict[str, Any]]:
    """Return messages as plain data; bytes as text, in which each is one character."""
    return [{"age_seconds": message.age_seconds, "content": _plain(message.content)} for message in messages]


def _content(content: dict[str, Any]) -> str:
    return "  ".join(f"{key}={value}" for key, value in shown_content(content))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _shown(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
