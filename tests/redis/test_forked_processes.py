"""A layer that was used before a fork is used by both processes after it: each has connections of its own."""

import subprocess
import sys

SCRIPT = """
import os, sys
from towpath.layers.redis import RedisChannelLayer

CHILDREN, MESSAGES = 3, 100
layer = RedisChannelLayer(hosts=[sys.argv[1]], capacity=1000)
layer.send("before", {"by": "parent"})

def work(name):
    for number in range(MESSAGES):
        layer.send("jobs", {"by": name, "number": number})
        assert layer.receive([f"answers.{name}"]) == (None, None)
        layer.send(f"answers.{name}", {"to": name})
        assert layer.receive([f"answers.{name}"]) == (f"answers.{name}", {"to": name})

children = []
for child in range(CHILDREN):
    pid = os.fork()
    if pid == 0:
        work(f"child-{child}")
        os._exit(0)
    children.append(pid)
work("parent")
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * CHILDREN
seen = {}
while (message := layer.receive(["jobs"])[1]) is not None:
    seen.setdefault(message["by"], []).append(message["number"])
assert len(seen) == CHILDREN + 1, seen
assert all(numbers == list(range(MESSAGES)) for numbers in seen.values()), seen
"""


def test_a_layer_that_was_used_before_a_fork_serves_both_processes(redis_url: str) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, redis_url], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
