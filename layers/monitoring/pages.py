"""The pages of a process's monitoring address: /live, /ready, /metrics, and /metrics/layer where it is served."""

import logging
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import NamedTuple

from .health import Health
from .measures import Family

logger = logging.getLogger(__name__)

JSON_TYPE = "application/json"
TEXT_TYPE = "text/plain; charset=utf-8"
NOT_INSTALLED = b"The client library of Prometheus is not installed: pip install towpath[metrics]\n"

#: Returns the metrics of a page.
Collect = Callable[[], Sequence[Family]]


class Page(NamedTuple):
    """An answer to GET."""

    status: int
    content_type: str
    body: bytes


def can_render() -> bool:
    """Return whether the client library of Prometheus is installed."""
    return find_spec("prometheus_client") is not None


def warn_without_library() -> None:
    """Log that /metrics has nothing to show, if the client library is not installed."""
    if not can_render():
        logger.warning("/metrics is not served, it needs the extra: pip install towpath[metrics]")


def page_of(path: str, health: Callable[[], Health], metrics: Mapping[str, Collect]) -> Page:
    """Return the page at `path`; `metrics` collects those of each path, the first one with those of the process."""
    if path == "/live":
        return Page(200, JSON_TYPE, b'{"status": "live"}\n')
    if path == "/ready":
        return ready_page(health())
    if path not in metrics:
        return Page(404, TEXT_TYPE, f"There are {', '.join(['/live', '/ready', *metrics])}\n".encode())
    if not can_render():
        return Page(501, TEXT_TYPE, NOT_INSTALLED)
    from .exposition import CONTENT_TYPE, render

    return Page(200, CONTENT_TYPE, render(metrics[path](), of_process=path == "/metrics"))


def ready_page(health: Health) -> Page:
    """Return 200 for a process that is ready, 503 for another one, with the checks."""
    return Page(200 if health.is_ready else 503, JSON_TYPE, health.body())
