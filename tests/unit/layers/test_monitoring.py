"""Reports of a process: addresses, health, pages, histograms."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from towpath.layers.errors import ConfigurationError
from towpath.layers.monitoring import Check, Family, Health, Histogram, Page, page_of, pages, parse_address
from towpath.layers.monitoring.measures import SECONDS_BOUNDS, single

READY = Health([Check("redis"), Check("workers")])
NOT_READY = Health([Check("redis"), Check("workers", "no worker takes messages from http.request")])


def test_paused_channels_are_named_and_no_reason_to_be_unready() -> None:
    assert b"paused" not in READY.body()
    found = replace(READY, paused=["http.request"])
    assert found.is_ready
    assert json.loads(found.body())["paused"] == ["http.request"]


def page(path: str, health: Health = READY) -> Page:
    durations = Histogram()
    for seconds in (0.0005, 0.001, 0.3, 1000.0):
        durations.observe(seconds)
    families = [
        single("towpath_messages", "counter", "Messages", 7),
        Family("towpath_busy", "gauge", "Busy", ("channel",), [(("a",), 1), (("b",), 2)]),
        Family("towpath_run_seconds", "histogram", "Runs", ("channel",), [(("a",), durations)]),
    ]
    return page_of(path, lambda: health, {"/metrics": lambda: families, "/metrics/layer": lambda: families[:1]})


@pytest.mark.parametrize(
    ("text", "shown", "host", "port"),
    [
        ("127.0.0.1:9100", "127.0.0.1:9100", "127.0.0.1", 9100),
        ("127.8.8.8:0", "127.8.8.8:0", "127.8.8.8", 0),
        ("[::1]:9100", "[::1]:9100", "::1", 9100),
        ("localhost:9100", "localhost:9100", "localhost", 9100),
        ("public:10.0.0.5:9100", "10.0.0.5:9100", "10.0.0.5", 9100),
        ("public:[::]:9100", "[::]:9100", "::", 9100),
    ],
)
def test_an_address_of_tcp_is_read(text: str, shown: str, host: str, port: int) -> None:
    address = parse_address(text)
    assert (str(address), address.host, address.port, address.path) == (shown, host, port, None)


def test_an_address_of_a_unix_socket_is_read() -> None:
    assert parse_address("unix:/run/a:b").path == "/run/a:b"
    assert str(parse_address("unix:/run/a:b")) == "unix:/run/a:b"


@pytest.mark.parametrize("text", ["0.0.0.0:9100", "[::]:9100", "10.0.0.5:9100", "example.com:9100", "127.0.0.1.de:1"])
def test_an_address_that_others_can_reach_has_to_be_called_public(text: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"other machines.*public:{text}".replace("[", r"\[")):
        parse_address(text)


@pytest.mark.parametrize("text", ["", ":9100", "9100", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "unix:", "public::1"])
def test_a_text_that_is_not_an_address_says_what_to_write(text: str) -> None:
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        parse_address(text)


def test_readiness_names_the_check_that_failed() -> None:
    assert page("/ready").status == 200
    not_ready = page("/ready", NOT_READY)
    assert not_ready.status == 503
    assert json.loads(not_ready.body) == {
        "status": "not ready",
        "checks": {"redis": "ok", "workers": "no worker takes messages from http.request"},
    }


def test_a_process_that_is_not_ready_is_live() -> None:
    assert page("/live", NOT_READY).status == 200


def test_a_page_that_does_not_exist_names_those_that_do() -> None:
    answer = page("/metrics/other")
    assert (answer.status, answer.body) == (404, b"There are /live, /ready, /metrics, /metrics/layer\n")


def test_metrics_are_text_that_prometheus_reads() -> None:
    families = {family.name: family for family in text_string_to_metric_families(page("/metrics").body.decode())}
    assert families["towpath_messages"].samples[0].value == 7
    assert [sample.value for sample in families["towpath_busy"].samples] == [1, 2]
    buckets = {sample.labels.get("le"): sample.value for sample in families["towpath_run_seconds"].samples}
    assert (buckets["0.001"], buckets["0.25"], buckets["0.5"], buckets["120.0"], buckets["+Inf"]) == (2, 2, 3, 3, 4)
    assert "process_resident_memory_bytes" in families
    assert len(buckets) == len(SECONDS_BOUNDS) + 2


def test_metrics_of_the_layer_have_none_of_the_process() -> None:
    assert b"process_" not in page("/metrics/layer").body


def test_the_global_registry_of_the_library_is_not_used() -> None:
    page("/metrics")
    assert "towpath" not in str(list(REGISTRY.collect()))


def test_without_the_library_health_is_served_and_metrics_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pages, "find_spec", lambda name: None)
    assert page("/ready").status == 200
    assert (page("/metrics").status, b"towpath[metrics]" in page("/metrics").body) == (501, True)
    pages.warn_without_library()
    assert "pip install towpath[metrics]" in caplog.text


def test_histograms_add_up() -> None:
    one, other = Histogram(), Histogram()
    one.observe(0.2)
    other.observe(0.2)
    other.observe(3)
    one.add(other)
    assert (sum(one.counts), round(one.total_seconds, 6)) == (3, 3.4)


def test_a_process_that_reports_nothing_imports_nothing_of_it() -> None:
    script = """
import sys
import towpath.interface.process.service
from towpath.interface import cli, server
from towpath.interface.config import InterfaceConfig
InterfaceConfig()
from towpath.worker import pool
names = [name for name in sys.modules if "monitoring" in name or "prometheus" in name or name == "twisted.web.server"]
assert not names, names
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
