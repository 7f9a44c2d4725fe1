"""Where Redis is not there, each process says so in a line: a server that cannot serve ends, a worker waits."""

import sys
from pathlib import Path
from typing import Any


def test_an_interface_whose_layer_is_not_there_says_so_and_ends(stack: Any, free_port: int) -> None:
    command = str(Path(sys.executable).parent / "towpath-interface")
    process = stack.project.run(command, "--redis", f"redis://127.0.0.1:{free_port}/0", "--port", "0")
    assert process.wait() != 0
    assert f"Redis at redis://127.0.0.1:{free_port}/0 is away" in process.output
    assert "Traceback" not in process.output


def test_a_worker_whose_layer_is_not_there_says_so_and_waits(stack: Any, free_port: int) -> None:
    stack.redis_url = f"redis://127.0.0.1:{free_port}/0"
    stack.configure()
    worker = stack.worker()
    worker.wait_for("is away")
    assert worker.is_running
    assert "Traceback" not in worker.output
