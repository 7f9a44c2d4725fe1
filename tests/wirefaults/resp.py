"""The Redis protocol (RESP 2), as far as a proxy needs it: where a value ends, and the words of a command. No IO."""

_CRLF = b"\r\n"
#: First bytes of values that end with their first line.
_LINES = b"+-:"


class Splitter:
    """Splits a stream into values, each as the bytes that it came in; the rest is kept for the next call."""

    def __init__(self) -> None:
        self._buffer = b""

    @property
    def is_whole(self) -> bool:
        """Return whether no part of a value is kept."""
        return not self._buffer

    def feed(self, data: bytes) -> list[bytes]:
        """Return the values that are complete now."""
        buffer, begin, values = self._buffer + data, 0, []
        while (end := value_end(buffer, begin)) is not None:
            values.append(buffer[begin:end])
            begin = end
        self._buffer = buffer[begin:]
        return values


def value_end(buffer: bytes, begin: int) -> int | None:
    """Return where the value that begins at `begin` ends; None if it is not complete.

    Raises:
        ValueError: the bytes are not RESP 2.
    """
    line_end = buffer.find(_CRLF, begin)
    if line_end < 0:
        return None
    kind, after = buffer[begin : begin + 1], line_end + len(_CRLF)
    if kind in _LINES:
        return after
    length = int(buffer[begin + 1 : line_end])
    if kind == b"$":
        end = after if length < 0 else after + length + len(_CRLF)
        return end if end <= len(buffer) else None
    if kind != b"*":
        raise ValueError(f"{kind!r} does not begin a value of RESP 2")
    end_so_far: int | None = after
    for _ in range(max(0, length)):
        if end_so_far is None:
            return None
        end_so_far = value_end(buffer, end_so_far)
    return end_so_far


def words(command: bytes) -> list[bytes]:
    """Return the words of a command, an array of strings."""
    found = []
    begin = command.index(_CRLF) + len(_CRLF)
    while begin < len(command):
        line_end = command.index(_CRLF, begin)
        length = int(command[begin + 1 : line_end])
        found.append(command[line_end + 2 : line_end + 2 + length])
        begin = line_end + 2 + length + 2
    return found


def error(text: str) -> bytes:
    """Return an error as Redis answers it."""
    return b"-" + text.encode() + _CRLF


def packed(*command: str) -> bytes:
    """Return a command as bytes."""
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in command]
    return f"*{len(command)}\r\n{''.join(parts)}".encode()
