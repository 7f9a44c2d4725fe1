"""Decorators that give a consumer its user: from the browser's session, or from a bearer token."""

from .token import TokenCheckFailed, TokenLogin, token_user
from .users import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
    transfer_user,
)

__all__ = [
    "TokenCheckFailed",
    "TokenLogin",
    "channel_and_http_session_user_from_http",
    "channel_session_user",
    "channel_session_user_from_http",
    "http_session_user",
    "token_user",
    "transfer_user",
]
