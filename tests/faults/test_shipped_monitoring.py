"""The dashboard and the alert rules that are shipped, evaluated by a real Prometheus on metrics of real processes."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import urlopen

import pytest
import yaml
from websockets.asyncio.client import connect

SHIPPED = Path(__file__).parents[2] / "deploy" / "monitoring"
PROMETHEUS, PROMTOOL = shutil.which("prometheus"), shutil.which("promtool")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None or PROMTOOL is None, reason="there is no prometheus here")

#: A metric of ours, and what its selector asks of labels.
SELECTOR = re.compile(r"\b((?:towpath|process)_\w+|up)(\{[^}]*\})?")


def expressions() -> list[str]:
    """Return the expressions of the rules and of the dashboard."""
    rules = yaml.safe_load((SHIPPED / "alerts.yml").read_text())
    found = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    panels = json.loads((SHIPPED / "grafana-dashboard.json").read_text())["panels"]
    found += [target["expr"] for panel in panels for target in panel.get("targets", ())]
    return [expression.replace("$__rate_interval", "1m") for expression in found]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def start_prometheus(tmp_path: Path) -> Iterator[Callable[..., int]]:
    """Start a Prometheus on the shipped configuration with other targets; return its port."""
    started: list[subprocess.Popen[bytes]] = []

    def start(targets: dict[str, int]) -> int:
        folder = tmp_path / "prometheus"
        shutil.copytree(SHIPPED, folder)
        configuration = yaml.safe_load((folder / "prometheus.yml").read_text())
        configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        for job in configuration["scrape_configs"]:
            job["static_configs"] = [{"targets": [f"127.0.0.1:{targets[job['job_name']]}"]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        port = free_port()
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        command = [str(PROMETHEUS), *options, f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
        started.append(subprocess.Popen(command, cwd=folder))
        return port

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


def query(port: int, expression: str) -> list[Any]:
    """Evaluate an expression; an error of Prometheus fails."""
    with urlopen(f"http://127.0.0.1:{port}/api/v1/query?query={quote(expression)}", timeout=30) as answer:
        result: list[Any] = json.load(answer)["data"]["result"]
    return result


def has_value(port: int, expression: str) -> bool:
    try:
        return bool(query(port, expression))
    except OSError:
        return False  # it does not answer yet


@needs_prometheus
def test_alerts_fire_on_their_conditions_and_not_on_a_site_that_is_well(tmp_path: Path) -> None:
    for file in (SHIPPED / "alerts.yml", Path(__file__).with_name("alerts_test.yml")):
        shutil.copy(file, tmp_path)
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run([str(PROMTOOL), *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_operations_guide_explains_each_alert() -> None:
    rules = yaml.safe_load((SHIPPED / "alerts.yml").read_text())["groups"][0]["rules"]
    guide = (SHIPPED.parents[1] / "docs" / "operations.md").read_text().partition("\n## Alerts\n")[2]
    table = guide.partition("\n## ")[0]
    assert [rule["alert"] for rule in rules] == re.findall(r"^\| `(Towpath\w+)` \|", table, re.MULTILINE)


@needs_prometheus
def test_each_expression_is_evaluated_on_metrics_that_the_processes_have(
    faulty: Any, start_prometheus: Callable[..., int], within_patience: Any, wait_until: Callable[..., None]
) -> None:
    interface_port, worker_port = free_port(), free_port()
    _, port = faulty.interface("--metrics", f"127.0.0.1:{interface_port}")
    faulty.worker("--metrics", f"127.0.0.1:{worker_port}")

    async def echo() -> None:
        async with connect(f"ws://127.0.0.1:{port}/") as client:
            await client.send("x")
            assert await client.recv() == "x"

    within_patience(echo())
    layer, worker = {"towpath-layer": worker_port}, {"towpath-worker": worker_port}
    prometheus = start_prometheus({"towpath-interface": interface_port, **worker, **layer})
    wait_until(lambda: all(has_value(prometheus, f'up{{job="towpath-{job}"}} == 1') for job in ("interface", "layer")))
    wait_until(lambda: has_value(prometheus, "towpath_worker_consumer_seconds_count > 0"))
    selectors = {match[0] for expression in expressions() for match in SELECTOR.finditer(expression)}
    selectors -= {each for each in selectors if each.startswith("towpath_interface_websockets_closed_total")}
    assert len(selectors) > 30
    wait_until(
        lambda: all(has_value(prometheus, selector) for selector in selectors),
        lambda: f"not there: {[selector for selector in selectors if not query(prometheus, selector)]}",
    )
    for expression in expressions():
        query(prometheus, expression)
