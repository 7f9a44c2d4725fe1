"""Redis URLs, checked so that no part of a password gets into a message.

An unquoted `#`, `/` or `?` in a password makes a fragment, path or query of its rest, and perhaps a host of its
beginning; urllib and redis-py then quote these parts, or connect somewhere else. Messages here name the wrong part of a
URL and never quote it.
"""

import re
from urllib.parse import SplitResult, urlsplit

from ..errors import ConfigurationError

SCHEMES = ("redis", "rediss", "unix")

_QUOTE = (
    'in a user name or password write %23 for "#", %2F for "/", %3F for "?" and %40 for "@", as '
    'urllib.parse.quote(password, safe="") does'
)
#: The number of a database, or nothing.
_DATABASE = re.compile(r"(/\d*)?/?\Z")
_OPTION = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)


def label_of(url: str) -> str:
    """Return a Redis URL without user, password and options, for messages.

    Raises:
        ConfigurationError: it is not a Redis URL; the error names the wrong part and quotes nothing.
    """
    scheme, mark, _ = url.partition("://")
    if not mark or scheme not in SCHEMES:
        found = f"{scheme}://" if mark and scheme.isalpha() else "something else"
        raise ConfigurationError(f"a Redis URL begins with redis://, rediss:// or unix://, and not with {found}")
    if "#" in url:
        raise _wrong('it has a "#"')
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _wrong("it cannot be read") from None
    if not _is_options(parts.query):
        raise _wrong('what follows its "?" is not options, such as ?socket_timeout=10')
    _check_path(parts)
    return f"{scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _is_options(query: str) -> bool:
    parts = [part.partition("=") for part in query.split("&")] if query else []
    return "@" not in query and all(mark and _OPTION.match(name) for name, mark, _ in parts)


def _check_path(parts: SplitResult) -> None:
    if parts.scheme == "unix":
        if parts.netloc and ("@" in parts.path or not parts.netloc.endswith("@")):
            raise _wrong("a UNIX socket is written as unix:///path, or as unix://user:password@/path")
        return
    try:
        _ = parts.port
    except ValueError:
        raise _wrong("its port is not a number from 0 to 65535") from None
    if not _DATABASE.match(parts.path):
        raise _wrong("what follows its host is not the number of a database, such as /0")


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(f"a Redis URL cannot be used: {reason}; {_QUOTE}")
