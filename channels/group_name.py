"""Group names made from any text, such as a room's title in a URL."""

import re
from hashlib import sha256
from uuid import UUID

from towpath.layers.names import MAX_NAME_LENGTH

#: Characters of a part that are replaced: those that names must not have, and the two that have a meaning.
_ESCAPED = re.compile(r"[^a-zA-Z0-9-]")
#: Length of the digest that ends the name of a group whose full name is too long: 128 bits in hexadecimal.
_DIGEST_LENGTH = 32


def group_name(*parts: str | int | UUID) -> str:
    """Return a valid group name for these parts, another one for every other list of parts.

    Letters, digits and "-" stay as they are, every other byte of a part's UTF-8 becomes "_" and two hexadecimal digits,
    and "." joins the parts: `group_name("chat", "münchen")` is "chat.m_c3_bcnchen". A name that would be too long ends
    with "__" and a SHA-256 digest of the whole.

    Raises:
        TypeError: a part is not a str, an int or a UUID, or there is none.
    """
    for part in parts:
        if isinstance(part, bool) or not isinstance(part, (str, int, UUID)):
            raise TypeError(f"a part of a group name is a str, an int or a UUID, not a {type(part).__name__}")
    if not parts:
        raise TypeError("a group name has at least one part")
    name = ".".join(_ESCAPED.sub(_escape, str(part)) for part in parts) or "_"
    if len(name) < MAX_NAME_LENGTH:
        return name
    digest = sha256(name.encode()).hexdigest()[:_DIGEST_LENGTH]
    return f"{name[: MAX_NAME_LENGTH - 1 - len('__') - _DIGEST_LENGTH]}__{digest}"


def _escape(match: re.Match[str]) -> str:
    return "".join(f"_{byte:02x}" for byte in match[0].encode("utf-8", "surrogatepass"))
