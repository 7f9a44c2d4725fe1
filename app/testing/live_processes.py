"""The processes behind a live test: an interface server, which runs no project code, and a worker, which does.

The worker is forked from the test, so it has the test's settings, routes and database; the interface server is a fresh
interpreter that gets its orders over its standard input.
"""

import multiprocessing
import pickle
import socket
import subprocess
import sys
from typing import Any

from django.apps import apps
from django.db import connections

from towpath.channels.configured import ConfiguredLayer
from towpath.handler import ViewConsumer
from towpath.layers.errors import ConfigurationError
from towpath.routing import Router
from towpath.worker import WorkerPool

from .live_interface import Orders

#: Seconds that a process has to stop; then it is killed.
STOP_SECONDS = 15.0


class ProtocolServerProcess:
    """An interface server on a free port of `host`. Connections wait until it is ready; they fail if it crashes."""

    def __init__(self, host: str, orders: Orders) -> None:
        self._listener = socket.create_server((host, 0), backlog=1024)
        #: Where it listens.
        self.port: int = self._listener.getsockname()[1]
        self._orders = orders
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and leave the listening socket to it."""
        descriptor = self._listener.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "towpath.testing.live_interface", str(descriptor)],
            stdin=subprocess.PIPE,
            pass_fds=[descriptor],
        )
        self._listener.close()
        assert self._process.stdin is not None
        with self._process.stdin as orders:
            pickle.dump((sys.path, self._orders), orders)

    def stop(self) -> None:
        """Stop it, and free its port.

        Raises:
            RuntimeError: it had ended before.
        """
        self._listener.close()
        if self._process is not None:
            _check_alive("interface server", self._process.poll())
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class WorkerProcess:
    """A worker process with this number of threads, forked from this one.

    Only the layer and the routes are made before the fork: threads, and objects with threads, belong to the process
    that makes them.
    """

    def __init__(self, layer: ConfiguredLayer, threads: int, serve_static: bool) -> None:
        """Load routes and views, so that their errors are raised here.

        Raises:
            ConfigurationError: the routing is wrong, there is no thread, or this system cannot fork.
        """
        if "fork" not in multiprocessing.get_all_start_methods():
            raise ConfigurationError("live tests fork their worker: run them on a system that can, such as Linux")
        if threads < 1:
            raise ConfigurationError(f"the worker of a live test has at least one thread, not {threads!r}")
        views = ViewConsumer()
        if serve_static and apps.is_installed("django.contrib.staticfiles"):
            from towpath.staticfiles import StaticFilesConsumer  # imports django.contrib.staticfiles

            views = StaticFilesConsumer()
        views.load()
        router = Router(layer.routing)
        router.check_default(http_consumer=views)
        self._layer, self._threads, self._router = layer, threads, router
        self._process: Any = None

    def start(self) -> None:
        """Start it. Connections to databases are closed before: two processes cannot share one."""
        connections.close_all()
        self._process = multiprocessing.get_context("fork").Process(target=self._work, name="towpath-worker")
        self._process.start()

    def stop(self) -> None:
        """Stop it after it has finished the messages in flight.

        Raises:
            RuntimeError: it had ended before.
        """
        if self._process is not None:
            _check_alive("worker", self._process.exitcode)
            self._process.terminate()
            self._process.join(STOP_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()

    def _work(self) -> None:
        sys.exit(WorkerPool(self._layer, self._threads, self._router).run())


def _check_alive(name: str, exit_code: int | None) -> None:
    if exit_code is not None:
        raise RuntimeError(f"the {name} of a live test ended with {exit_code} before the test did: see what it wrote")
