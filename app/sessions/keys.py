"""Keys of channel sessions, and stores in which no browser's session is found under them.

A key is an HMAC of the reply channel's name with SECRET_KEY: the key does not follow from the name. The store is
a subclass of the engine's, which signs data and names cache entries differently: a channel session whose key has leaked
cannot be loaded as the session of a browser.
"""

from functools import cache
from importlib import import_module
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.utils.crypto import salted_hmac

_SALT = "towpath.sessions.keys"
_PREFIX = "chn"
#: Length of a key, as long as Django's table of sessions allows; keys of browsers' sessions have 32 characters.
KEY_LENGTH = 40


def session_key_for(reply_channel: str) -> str:
    """Return the session key of a connection, the same for all its messages."""
    digest = salted_hmac(_SALT, reply_channel, algorithm="sha256").hexdigest()
    return _PREFIX + digest[: KEY_LENGTH - len(_PREFIX)]


def is_channel_session_key(key: str) -> bool:
    """Return whether a key has the form of those that `session_key_for` returns."""
    return len(key) == KEY_LENGTH and key.startswith(_PREFIX)


@cache
def channel_session_store(engine: str) -> type[SessionBase]:
    """Return the class that keeps channel sessions in a session engine, apart from those of browsers.

    Raises:
        ImportError: there is no such engine.
    """
    store: type[SessionBase] = import_module(engine).SessionStore
    # Django signs sessions with a salt that holds the qualified name of their class.
    attributes: dict[str, Any] = {"__module__": __name__, "__qualname__": f"towpath.ChannelSession({engine})"}
    if hasattr(store, "cache_key_prefix"):
        attributes["cache_key_prefix"] = f"towpath.channel_session.{store.cache_key_prefix}"
    return type("ChannelSession", (store,), attributes)
