"""The id of the user of a message, as far as it is known without loading anything. For log lines."""

from collections.abc import Mapping
from typing import Any

from towpath.layers.log_fields import USER_KEY

#: The attributes of a message that may hold a session.
_SESSIONS = ("channel_session", "http_session")


def user_id_of(attributes: Mapping[str, Any]) -> Any:
    """Return the id of the user that decorators or a view of the message have loaded; None if there is none."""
    request = attributes["_request"]() if "_request" in attributes else None
    for user in (getattr(request, "_cached_user", None), _loaded(attributes.get("user"))):
        user_id = getattr(user, "pk", None)
        if user_id is not None:
            return user_id
    for name in _SESSIONS:
        loaded = getattr(attributes.get(name), "_session_cache", None)
        if loaded and USER_KEY in loaded:
            return loaded[USER_KEY]
    return None


def _loaded(user: object) -> object:
    """Return a user, or what Django's lazy one has loaded; None if it has loaded nothing."""
    lazy = vars(user).get("_wrapped", user) if hasattr(user, "__dict__") else user
    return lazy if hasattr(lazy, "pk") else None
