"""Traces of steps as text."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from towpath.layers.entries import EntryCodec, Kind
from towpath.layers.operations.inboxes import PushInbox
from towpath.layers.operations.leases import LeaseTimes
from towpath.layers.operations.queues import Push, Take

from .calls import Outcome
from .context import Step
from .faults import Fault
from .findings import Violation
from .frozen import thaw
from .store import Sent
from .world import World

_CODEC = EntryCodec()
_KINDS = {Kind.SETTLED: "settled", Kind.LOST: "lost", Kind.KEPT: "kept"}


def trace(world: World, violation: Violation) -> str:
    """Return the steps to a violation, one a line."""
    lines = [f"{number:3}. {_line(world, step)}" for number, step in enumerate(violation.steps, 1)]
    return "\n".join([*lines, f"VIOLATED by {violation.faults} faults: {violation.invariant} ({violation.summary})"])


def _line(world: World, step: Step) -> str:
    parts = [_part(world, part, position) for position, part in enumerate(step.label)]
    mark = "FAULT " if step.fault else ""
    note = " [an overlap that cannot be prevented]" if step.is_excepted else ""
    return mark + " ".join(part for part in parts if part) + note


def _part(world: World, part: Any, position: int) -> str:
    if isinstance(part, Fault):
        return str(part.value)
    if isinstance(part, bytes):
        return _entry(part)
    if isinstance(part, int):
        return "[" + ", ".join(_operation(world, thaw(each)) for each in world.calls.lists[part]) + "]"
    if isinstance(part, Outcome):
        return _outcome(world, part)
    return str(part)


def _outcome(world: World, outcome: Outcome) -> str:
    if outcome.fault is not None:
        return f"- {outcome.fault.name}: {outcome.fault.value}" + (f" ({outcome.detail})" if outcome.detail else "")
    return "-> " + ", ".join(_short(result) for result in thaw(world.calls.answers[outcome.answer][1]))


def _operation(world: World, operation: Any) -> str:
    name = type(operation).__name__
    if isinstance(operation, PushInbox):
        return f"{name} {', '.join(map(_entry, operation.entries))}"
    if isinstance(operation, Push):
        number = f" number {operation.number.number} of {operation.number.writer}" if operation.number else ""
        return f"{name} {len(operation.bodies)} to {operation.channel}{number}"
    if isinstance(operation, Take):
        return f"Take {operation.number} of {operation.reader}"
    values = [getattr(operation, field.name) for field in fields(operation)]
    shown = [_short(value) for value in values if not isinstance(value, LeaseTimes)]
    return f"{name}({', '.join(shown)})"


def _entry(entry: bytes) -> str:
    kind, parts = _CODEC.open_inbox_entry(entry)
    return f"{_KINDS.get(kind, kind)} turn {parts[1]} of {parts[0]}"


def _short(value: Any) -> str:
    if isinstance(value, Sent):
        return f"{value.local}:{value.number}"
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return "[" + ", ".join(_short(each) for each in value) + "]"
    if isinstance(value, bytes):
        return _message(value)
    if hasattr(value, "_fields"):
        return f"{type(value).__name__}({', '.join(_short(each) for each in value)})"
    return str(value)


def _message(entry: bytes) -> str:
    try:
        envelope = _CODEC.open_queue_entry("?", entry)
    except Exception:
        return "..."
    local = envelope.content["reply_channel"].partition("!")[2]
    return f"{local}:{'last' if 'code' in envelope.content else envelope.turn}"


def lines(steps: Sequence[Step], world: World) -> str:
    """Return steps, one a line."""
    return "\n".join(_line(world, step) for step in steps)
