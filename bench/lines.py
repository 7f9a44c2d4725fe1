"""A process that is spoken to in lines: generators and senders. It answers with one JSON object a line."""

import json
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

ANSWER_SECONDS = 60.0
END_SECONDS = 30.0


class Silent(Exception):
    """A process did not answer in time, or has ended."""


class LineProcess:
    """Started at once; inside `with`, it is killed at the end unless it ends by itself."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._command = command
        self._process = subprocess.Popen(
            command,
            env=None if environment is None else dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            cwd="/" if environment is not None else None,
        )
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "LineProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS if kind is None else 1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def tell(self, words: Mapping[str, Any] | str) -> None:
        """Write a line: JSON, or a word."""
        assert self._process.stdin is not None
        self._process.stdin.write((words if isinstance(words, str) else json.dumps(words)) + "\n")

    def answer(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Wait for the next answer.

        Raises:
            Silent: none came, or the process has ended.
        """
        try:
            line = self._answers.get(timeout=seconds)
        except queue.Empty:
            raise Silent(f"{self._command} said nothing for {seconds} s") from None
        if line is None:
            raise Silent(f"{self._command} ended with {self._process.wait()}")
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self, seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
        """Close its stdin, and wait for what it says at its end.

        Raises:
            Silent: it said nothing.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.answer(seconds)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)
