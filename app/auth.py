"""Decorators that give a consumer its user, under the import path of 1.x; beside them login by token."""

from towpath.consumers.auth import (
    channel_and_http_session_user_from_http,
    channel_session_user,
    channel_session_user_from_http,
    http_session_user,
    transfer_user,
)
from towpath.consumers.token import TokenCheckFailed, TokenLogin, token_user

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
