"""What applications build on: sessions, users and origin checks for consumers, and Django's views behind channels.

The bridge to views is in `towpath.consumers.http`.
"""

from .auth import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
    transfer_user,
)
from .origin import BaseOriginValidator, allowed_hosts_only
from .sessions import (
    channel_and_http_session,
    channel_session,
    enforce_ordering,
    http_session,
    session_for_reply_channel,
)
from .token import TokenCheckFailed, TokenLogin, token_user

__all__ = [
    "BaseOriginValidator",
    "TokenCheckFailed",
    "TokenLogin",
    "allowed_hosts_only",
    "channel_and_http_session",
    "channel_and_http_session_user_from_http",
    "channel_session",
    "channel_session_user",
    "channel_session_user_from_http",
    "enforce_ordering",
    "http_session",
    "http_session_user",
    "session_for_reply_channel",
    "token_user",
    "transfer_user",
]
