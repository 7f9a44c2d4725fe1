"""Links from pages to files of the repository that are not pages, such as `../deploy/nginx.conf`.

With the address of the repository (TOWPATH_REPOSITORY) they lead there, without it they become plain text. A link to a
file that does not exist is a warning, which ends a strict build.
"""

import os
import re
from pathlib import Path
from typing import Any

from sphinx.util import logging

logger = logging.getLogger(__name__)

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>(?:\.\./)+[^)#\s]+)(?P<anchor>#[^)]*)?\)")


def connect(app: Any) -> None:
    """Rewrite the links of each page while Sphinx reads it."""
    app.connect("source-read", rewrite)


def rewrite(app: Any, page: str, source: list[str]) -> None:
    """Replace the links that leave the folder of the documentation."""
    documents = Path(app.srcdir)
    folder = (documents / page).parent

    def replaced(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / match["path"]))
        if target.is_relative_to(documents):
            return match[0]
        if not target.exists():
            logger.warning("%s links to %r, which does not exist", page, match["path"], location=page)
        return link(match["text"], target.relative_to(documents.parent).as_posix())

    source[0] = LINK.sub(replaced, source[0])


def link(text: str, path: str) -> str:
    """Return a link to a file of the repository; its text alone if the repository has no address."""
    repository = os.environ.get("TOWPATH_REPOSITORY", "")
    return f"[{text}]({repository}/blob/main/{path})" if repository else text
