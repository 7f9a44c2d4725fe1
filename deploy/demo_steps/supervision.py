"""Supervisor as a child of the demo: started, waited for, and stopped with everything under it."""

import contextlib
import http.client
import signal
import subprocess
import time
from collections.abc import Callable
from types import FrameType, TracebackType

from deploy.demo_steps.ports import HOST
from deploy.demo_steps.site import Site

Say = Callable[[str], None]

READY_SECONDS = 60
POLL_SECONDS = 0.1
#: More than the longest stopwaitsecs of deploy/supervisor.conf for each of its three programs.
STOP_SECONDS = 120
LOG_LINES = 15

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DidNotStart(Exception):
    """The site does not answer; the message has the ends of the logs."""


class Supervision:
    """Runs deploy/supervisor.conf for as long as its `with` block lasts.

    Supervisor gets a session of its own: a Ctrl-C in the terminal reaches only the demo, which stops supervisor once.
    """

    def __init__(self, site: Site, say: Say) -> None:
        self._site = site
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = False

    def __enter__(self) -> "Supervision":
        for number in STOP_SIGNALS:
            signal.signal(number, self._interrupt)
        self._say("Starting supervisor: Redis, one interface server, two workers")
        self._log = (self._site.logs / "supervisor-output.log").open("w")
        self._process = subprocess.Popen(
            [
                self._site.environment.program("supervisord"),
                "--nodaemon",
                "--silent",
                "--configuration",
                str(self._site.root / "deploy" / "supervisor.conf"),
            ],
            cwd=self._site.root,
            env=self._site.variables(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_stopping = True
        self._say("Stopping the interface server, the workers and Redis")
        try:
            self._supervisor.terminate()
            self._supervisor.wait(STOP_SECONDS)
        finally:
            self._log.close()

    def wait_until_ready(self) -> None:
        """Wait until a worker has rendered a page.

        Raises:
            DidNotStart: there is no page within a minute, or supervisor has ended.
        """
        self._say("Waiting for the first page")
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            if self._is_stopping:
                raise KeyboardInterrupt
            if self._supervisor.poll() is not None:
                raise DidNotStart(f"Supervisor ended with exit code {self._supervisor.returncode}.\n{self.log_ends()}")
            if time.monotonic() > deadline:
                raise DidNotStart(f"No page came within {READY_SECONDS} seconds.\n{self.log_ends()}")
            time.sleep(POLL_SECONDS)

    def wait(self) -> None:
        """Wait until supervisor ends, as it does on a command from another terminal.

        Raises:
            DidNotStart: it ended with an error.
            KeyboardInterrupt: a signal stops the demo.
        """
        code = self._supervisor.wait()
        if code:
            raise DidNotStart(f"Supervisor ended with exit code {code}.\n{self.log_ends()}")

    def log_ends(self) -> str:
        """Return the last lines of every log."""
        parts = []
        for log in sorted(self._site.logs.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            parts.append("\n".join([f"--- {log.name}", *lines]))
        return "\n".join(parts)

    @property
    def _supervisor(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("used outside its `with` block")
        return self._process

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self._site.port, timeout=READY_SECONDS)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/")
            return connection.getresponse().status == http.HTTPStatus.OK
        return False

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Leave the `with` block at the first signal; print at the next ones that the site is stopping.

        A signal before supervisor runs is only recorded: `wait_until_ready` raises then.
        """
        if self._is_stopping:
            self._say("Still stopping: running consumers may finish")
            return
        self._is_stopping = True
        if self._process is not None:
            raise KeyboardInterrupt
