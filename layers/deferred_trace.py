"""The context of a trace in a deferred message: a link, not a parent. The run that follows begins a trace of its own.

A message may be delayed for a year, and a trace of a year cannot be shown or sampled as one.
"""

from collections.abc import Mapping

#: Before the names of the values that are a link.
LINK = "link-"


def deferred(trace: Mapping[str, str] | None) -> dict[str, str] | None:
    """Return the context that travels with a deferred message of the trace; None without one."""
    return None if trace is None else {LINK + name: value for name, value in trace.items()}


def link_in(trace: Mapping[str, object]) -> dict[str, object]:
    """Return the context of the sender of a deferred message; empty for any other message."""
    return {name.removeprefix(LINK): value for name, value in trace.items() if name.startswith(LINK)}
