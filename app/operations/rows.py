"""Rows of the admin's page: plain values, by the names in its templates."""

import time
from collections.abc import Sequence
from typing import Any

from towpath.layers.operations.delays import DELAY_CHANNEL
from towpath.layers.survey import GroupState, ProcessRecord, WaitingMessage

from .contents import shown_content
from .pausing import paused_state, process_name
from .queues import UNDECODABLE
from .status import Status, duration


def process_rows(status: Status, records: Sequence[ProcessRecord]) -> list[dict[str, Any]]:
    """Return interface servers or workers."""
    now = time.time()
    return [
        {
            "name": process_name(record),
            "version": record.version,
            "age": duration(now - record.started_at),
            "state": record.state if status.is_alive(record) else "no lease",
            "is_serving": record.state == "serving" and status.is_alive(record),
            "numbers": ", ".join(f"{name} {number:g}" for name, number in sorted(record.numbers.items())),
            "slow": record.slow,
        }
        for record in records
    ]


def queue_rows(status: Status) -> list[dict[str, Any]]:
    """Return queues, those first whose oldest message waits longest."""
    queues = sorted(status.queues, key=lambda queue: (-queue.oldest_seconds, queue.channel))
    return [
        {
            "channel": queue.channel,
            "depth": queue.depth,
            "oldest": f"{queue.oldest_seconds:.1f} s" if queue.depth else "",
            "counts": (queue.delayed, queue.lost, queue.expired, queue.full),
            "state": paused_state(queue.channel, status.paused),
            "may_pause": queue.channel != DELAY_CHANNEL,
        }
        for queue in queues
    ]


def message_rows(messages: Sequence[WaitingMessage]) -> list[dict[str, Any]]:
    """Return messages as `peek` shows them: values cut, secrets hidden."""
    return [
        {
            "age": f"{message.age_seconds:.1f} s",
            "values": [("", UNDECODABLE)] if message.content is None else shown_content(message.content),
        }
        for message in messages
    ]


def group_rows(groups: Sequence[GroupState], is_cut: bool) -> dict[str, Any]:
    """Return groups, and whether there are more."""
    return {"groups": groups, "more": is_cut}
