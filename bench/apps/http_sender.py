"""Sends to groups of a server that takes them as POST requests: argv[1] is the URL with `{group}` in it.

With argv[2] "grip" the body is a message of Pushpin's publishing protocol, else the text itself.
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

from sending import serve

url = urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(url.hostname, url.port)


def grip(group: str, text: str) -> str:
    """Return a message for a channel of Pushpin."""
    return json.dumps({"items": [{"channel": group, "formats": {"ws-message": {"content": text}}}]})


def send(group: str, text: str) -> None:
    """Post one text."""
    body = grip(group, text) if sys.argv[2:] == ["grip"] else text
    connection.request("POST", url.path.replace("{group}", group), body.encode(), {"Content-Type": "text/plain"})
    response = connection.getresponse()
    body = response.read()
    if response.status >= 300:
        raise SystemExit(f"{sys.argv[1]} answered {response.status}: {body!r}")


serve(send)
