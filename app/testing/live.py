"""A live site for tests that need real sockets: processes, Redis, and the test's database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar, NamedTuple
from unittest import TestResult

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import TransactionTestCase, modify_settings

from towpath.channels.configured import ConfiguredLayer, LayerSettings, channel_layers
from towpath.channels.interface_settings import interface_options

from .live_interface import Orders
from .live_processes import ProtocolServerProcess, WorkerProcess

DEFAULT_HOST = "127.0.0.1"


class LiveSite(NamedTuple):
    """A site that serves. `layer` is the one that its processes share."""

    host: str
    port: int
    layer: ConfiguredLayer

    @property
    def url(self) -> str:
        """The start of its HTTP URLs, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        """The start of its WebSocket URLs."""
        return f"ws://{self.host}:{self.port}"


@contextmanager
def live_site(
    host: str = DEFAULT_HOST,
    worker_threads: int = 1,
    serve_static: bool = True,
    server_class: type[ProtocolServerProcess] = ProtocolServerProcess,
    worker_class: type[WorkerProcess] = WorkerProcess,
) -> Iterator[LiveSite]:
    """Run an interface server and a worker on the layer's TEST_CONFIG, which is emptied before and afterwards.

    Raises:
        ImproperlyConfigured: the settings have not exactly one layer, one without TEST_CONFIG, one in memory, or one
            whose TEST_CONFIG names the keys of the site itself; or a database that lives in the memory of this process,
            or has a transaction open.
        LayerUnavailable: the layer's store cannot be reached.
    """
    alias, entry = _layer_settings()
    layer = channel_layers.make_test_backend(alias)
    if layer.local_only():
        raise ImproperlyConfigured(
            f"CHANNEL_LAYERS[{alias!r}] lives in the memory of one process, and a live test has three: use "
            '"towpath.layers.redis.RedisChannelLayer"'
        )
    _check_databases()
    _check_keys(alias, layer)
    layer.flush()
    with ExitStack() as stack:
        stack.enter_context(modify_settings(ALLOWED_HOSTS={"append": host}))
        stack.callback(channel_layers.set, alias, channel_layers.set(alias, layer))
        stack.callback(layer.close)
        stack.callback(layer.flush)
        worker = worker_class(layer, worker_threads, serve_static)
        server = server_class(host, Orders(entry.backend, entry.test_config or {}, interface_options()))
        stack.callback(worker.stop)
        stack.callback(server.stop)
        server.start()  # first, and alone with its socket: the worker is a fork of this process
        worker.start()
        yield LiveSite(host, server.port, layer)


class ChannelLiveServerTestCase(TransactionTestCase):
    """Each test has an interface server and a worker, real processes that share its database and its layer."""

    host: ClassVar[str] = DEFAULT_HOST
    worker_threads: ClassVar[int] = 1
    serve_static: ClassVar[bool] = True
    ProtocolServerProcess: ClassVar[type[ProtocolServerProcess]] = ProtocolServerProcess
    WorkerProcess: ClassVar[type[WorkerProcess]] = WorkerProcess

    @property
    def live_server_url(self) -> str:
        """The start of the site's HTTP URLs."""
        return self._site.url

    @property
    def live_server_ws_url(self) -> str:
        """The start of its WebSocket URLs."""
        return self._site.ws_url

    def run(self, result: TestResult | None = None) -> Any:
        """Run the test beside its processes."""
        with self._serving():
            return super().run(result)

    def debug(self) -> None:
        """The same for a test that is run without a result."""
        with self._serving():
            super().debug()

    @contextmanager
    def _serving(self) -> Iterator[None]:
        classes = self.ProtocolServerProcess, self.WorkerProcess
        with live_site(self.host, self.worker_threads, self.serve_static, *classes) as self._site:
            yield


def _layer_settings() -> tuple[str, LayerSettings]:
    configs = channel_layers.configs
    if len(configs) != 1:
        raise ImproperlyConfigured(f"live tests need one layer in CHANNEL_LAYERS, which has {sorted(configs)}")
    ((alias, entry),) = configs.items()
    read = LayerSettings.read(alias, entry)
    if read.test_config is None:
        raise ImproperlyConfigured(
            f"CHANNEL_LAYERS[{alias!r}] has no TEST_CONFIG: give it the options of a layer for tests, whose keys are "
            'deleted, such as {"hosts": ["redis://127.0.0.1:6379/15"], "prefix": "test:"}'
        )
    return alias, read


def _check_keys(alias: str, layer: ConfiguredLayer) -> None:
    """Refuse to empty the layer that the site itself uses."""
    if str(layer.channel_layer) == str(channel_layers.make_backend(alias).channel_layer):
        raise ImproperlyConfigured(
            f"CHANNEL_LAYERS[{alias!r}] has the same Redis and prefix in TEST_CONFIG as in CONFIG, and a live test "
            'deletes all its keys: give TEST_CONFIG a prefix of its own, such as "prefix": "test:"'
        )


def _check_databases() -> None:
    for connection in connections.all():
        if connection.in_atomic_block:
            raise ImproperlyConfigured(
                f"a transaction is open on the database {connection.alias!r}, and no worker sees what it writes: "
                "base the test on TransactionTestCase, or mark it with django_db(transaction=True)"
            )
        if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
            raise ImproperlyConfigured(
                f"the database {connection.alias!r} lives in the memory of this process, where a worker cannot see it: "
                f'set DATABASES[{connection.alias!r}]["TEST"] = {{"NAME": BASE_DIR / "test.sqlite3"}}'
            )
