"""The order of the pages, by the reader's task. The pages themselves stay plain Markdown."""

from typing import Any

#: Caption -> pages below it.
NAVIGATION = {
    "Start": ["tutorial", "consumers", "sending", "history"],
    "Guides": ["authentication", "javascript", "binding", "recipes", "testing", "from-channels-1", "from-channels-4"],
    "Reference": [
        "reference/api",
        "reference/api-testing",
        "reference/api-inside",
        "reference/commands",
        "settings",
        "reference/layers",
        "architecture",
    ],
    "Operations": ["runbooks", "operations", "troubleshooting", "containers", "security"],
    "Evidence": ["evidence/parity", "evidence/reliability", "evidence/benchmarks", "evidence/performance"],
}


def connect(app: Any) -> None:
    """Add the navigation to the front page while Sphinx reads it."""
    app.connect("source-read", add_navigation)


def add_navigation(app: Any, page: str, source: list[str]) -> None:
    """Append a hidden table of contents for each caption."""
    if page == "index":
        for caption, pages in NAVIGATION.items():
            source[0] += "\n".join(["\n```{toctree}", ":hidden:", f":caption: {caption}", "", *pages, "```\n"])
