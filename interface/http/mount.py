"""The path that the application is mounted at, and the paths below it. Plain logic.

The application, its pages and its sockets, knows paths below the mount only. A proxy either passes requests on with the
mount in their path, or strips it: `proxy_strips_root_path` says which. Nothing is guessed, since each resource would
have a second URL, one that a rule of the proxy for the first does not cover.
"""

import logging

from towpath.layers.client_log import ClientLines

from .headers import BadRequest

log = logging.getLogger(__name__)
log.addFilter(ClientLines())

#: The target of OPTIONS for the whole server, which is below no mount.
WHOLE_SERVER = "*"
#: Longest part of a client's path that a log line repeats, in characters.
SHOWN_MAX_LENGTH = 200


def path_below(root_path: str, path: str) -> str:
    """Return the part of a request's path below `root_path`: `/` for the mount itself.

    Raises:
        BadRequest: the path is not below it (404).
    """
    if path == WHOLE_SERVER:
        return path
    if path == root_path:
        return "/"
    if path.startswith(root_path + "/"):
        return path[len(root_path) :]
    log.info(
        "Refused %r with 404: it is not below --root-path %s. If a proxy strips that, use --proxy-strips-root-path on",
        path[:SHOWN_MAX_LENGTH], root_path,
    )  # fmt: skip
    raise BadRequest("This path does not exist.", 404)
