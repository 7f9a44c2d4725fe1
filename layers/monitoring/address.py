"""Where health and metrics are served: a port of this machine, or a UNIX socket."""

from dataclasses import dataclass
from ipaddress import ip_address

from ..errors import ConfigurationError

EXPECTED = "expected HOST:PORT, such as 127.0.0.1:9100, or unix:PATH"
#: The sign before an address that other machines can reach.
PUBLIC = "public:"


@dataclass(frozen=True, slots=True)
class MonitoringAddress:
    """A TCP address (`host` and `port`), or the `path` of a UNIX socket."""

    host: str = ""
    port: int = 0
    path: str | None = None

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> MonitoringAddress:
    """Read `HOST:PORT` or `unix:PATH`; an address that other machines can reach is written `public:HOST:PORT`.

    Raises:
        ConfigurationError: it is neither, or it is not of this machine alone and not called public.
    """
    if text.startswith("unix:"):
        if not text.removeprefix("unix:"):
            raise ConfigurationError(f"{text!r} is not the address of metrics: {EXPECTED}")
        return MonitoringAddress(path=text.removeprefix("unix:"))
    host, _, port = text.removeprefix(PUBLIC).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ConfigurationError(f"{text!r} is not the address of metrics: {EXPECTED}")
    if not text.startswith(PUBLIC) and not _is_loopback(host):
        raise ConfigurationError(
            f"{text!r} can be reached from other machines, which can then read the metrics: use 127.0.0.1 or "
            f"unix:PATH, or write {PUBLIC}{text}"
        )
    return MonitoringAddress(host, int(port))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
