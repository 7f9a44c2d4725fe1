"""Without Redis each process logs one line, and waits for it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from ...ports import free_port


def health(port: int) -> dict[str, str]:
    """Return the checks of a server's readiness."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/ready", timeout=30) as response:
            text = response.read()
    except HTTPError as error:
        with error:
            text = error.read()
    found: dict[str, str] = json.loads(text)["checks"]
    return found


@pytest.fixture
def metrics_port() -> int:
    return free_port()


def test_an_interface_server_waits_for_redis_and_is_not_ready(
    stack: Any, metrics_port: int, start_redis: Callable[[], Any], wait_until: Callable[..., None]
) -> None:
    """Redis comes up after the interface server, as at the boot of a machine."""
    redis = start_redis()
    redis.stop()
    command = str(Path(sys.executable).parent / "towpath-interface")
    options = "--redis", redis.url, "--port", "0", "--metrics", f"127.0.0.1:{metrics_port}"
    process = stack.project.run(command, *options)
    process.wait_for(f"Redis at {redis.url} is unavailable")
    assert health(metrics_port)["redis"] == "the channel layer has not been reached yet"
    redis.start()
    process.wait_for("Listening")
    wait_until(lambda: health(metrics_port)["redis"] == "ok")
    process.send_signal(15)
    assert process.wait() == 0
    assert "Traceback" not in process.output


def test_a_worker_whose_layer_is_not_there_says_so_and_waits(stack: Any, free_port: int) -> None:
    stack.redis_url = f"redis://127.0.0.1:{free_port}/0"
    stack.configure()
    worker = stack.worker()
    worker.wait_for("is unavailable")
    assert worker.is_running
    assert "Traceback" not in worker.output
