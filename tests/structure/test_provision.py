"""The code that runs before anything is installed: finding a Redis, detecting a stale environment, lower bounds."""

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def load(root, monkeypatch) -> Any:
    """Import a program's module by the name it has in the repository."""
    monkeypatch.syspath_prepend(str(root))

    def module(name: str) -> ModuleType:
        return importlib.import_module(name)

    return module


@pytest.fixture
def servers(tmp_path, monkeypatch) -> Any:
    """Put programs on PATH that answer `--version`; nothing else is on it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(name: str, answer: str) -> Path:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{answer}'\n")
        program.chmod(0o755)
        return program

    return put


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("redis-server", "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1 bits=64 build=aa"),
        ("redis-server", "Redis server v=6.2.14 sha=40305114:0 malloc=libc bits=64 build=dff95a8e7a99d269"),
        ("valkey-server", "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=bb"),
        ("redis-server", "Redis server v=10.0.0 sha=0 malloc=libc bits=64 build=cc"),
    ],
)
def test_a_recent_server_on_path_is_taken(load, servers, name, answer):
    program = servers(name, answer)
    assert load("deploy.provision.redis_server").find_on_path(print) == program


def test_an_old_server_is_passed_over_aloud(load, servers):
    servers("redis-server", "Redis server v=6.0.16 sha=00000000:0 malloc=libc bits=64 build=aa")
    valkey = servers("valkey-server", "Valkey server v=7.2.5 sha=00000000:0 malloc=libc bits=64 build=aa")
    said: list[str] = []
    assert load("deploy.provision.redis_server").find_on_path(said.append) == valkey
    assert "redis-server is not used: it is older than 6.2" in said[0]


def test_without_any_server_nothing_is_taken(load, servers):
    assert load("deploy.provision.redis_server").find_on_path(print) is None


def test_an_environment_is_stale_when_what_it_was_made_from_changes(load, tmp_path):
    environment = load("deploy.provision.environment")
    for name in environment.SOURCES:
        (tmp_path / name).write_text("before")
    before = environment.fingerprint(tmp_path, "test", ())
    assert before == environment.fingerprint(tmp_path, "test", ())
    assert before != environment.fingerprint(tmp_path, "demo", ())
    assert before != environment.fingerprint(tmp_path, "test", ("redis==6.2",))
    (tmp_path / "setup.py").write_text("after")
    assert before != environment.fingerprint(tmp_path, "test", ())


def test_every_requirement_of_users_has_a_lower_bound_to_test(load, root):
    bounds = load("tests.tools.runner.lower_bounds")
    names = {pin.partition("==")[0] for pin in bounds.lower_bounds(root)}
    required = {"Django", "Twisted", "autobahn", "hiredis", "msgpack", "redis"}
    assert names == required | {
        *(
            "cronsim",
            "cryptography",
            "h2",
            "libcst",
            "opentelemetry-api",
            "priority",
            "prometheus-client",
            "rich",
            "uvloop",
        ),
    }


def test_a_port_that_cannot_be_used_is_named_with_its_option(load):
    ports = load("deploy.demo_steps.ports")
    ports.require_free(ports.free_port(), "--port")
    with pytest.raises(ports.PortTaken, match=r"Port 70000 cannot be used: .* --port"):
        ports.require_free(70000, "--port")
