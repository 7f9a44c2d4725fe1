"""Whether the extra `tracing` is installed, without importing it."""

from importlib.util import find_spec

from .errors import ConfigurationError


def require_tracing() -> None:
    """Check that OpenTelemetry is installed.

    Raises:
        ConfigurationError: it is not.
    """
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.trace") is None:
        raise ConfigurationError("tracing needs the extra: pip install towpath[tracing]")
