"""The page of a project in PyPI's JSON API."""

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

ADDRESS = "https://pypi.org/pypi/{}/json"
MOST_SECONDS = 30


def project_page(name: str) -> dict[str, Any] | None:
    """Return the page, which tells the newest release and its known holes; None where PyPI has none.

    Raises OSError if PyPI cannot be reached.
    """
    try:
        with urllib.request.urlopen(ADDRESS.format(quote(name, safe="")), timeout=MOST_SECONDS) as answer:
            page: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise
    return page
