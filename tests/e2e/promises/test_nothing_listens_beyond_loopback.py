"""Without being told to, no process of Towpath takes connections from other machines, and workers take none at all."""

from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import psutil


def listening(process: Any) -> list[tuple[str, int]]:
    """Return the addresses on which a process and its children take connections, or datagrams."""
    root = psutil.Process(process.pid)
    found = []
    for one in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # a child that has ended since
            for connection in one.net_connections("inet"):
                # A datagram socket with a peer takes nothing from others: the resolver of names opens some.
                is_open = connection.status == psutil.CONN_LISTEN or not connection.raddr
                if connection.laddr and is_open and connection.status in (psutil.CONN_LISTEN, psutil.CONN_NONE):
                    found.append((connection.laddr.ip, connection.laddr.port))
    return found


def test_an_interface_server_listens_on_loopback_and_a_worker_nowhere(stack: Any) -> None:
    worker = stack.worker()
    worker.wait_for("Starting")
    interface, port = stack.interface()
    assert listening(interface) == [("127.0.0.1", port)]
    assert listening(worker) == []


def test_the_management_commands_listen_on_loopback_only(stack: Any, free_port: int, wait_until: Any) -> None:
    stack.project.edit("settings.py", "DEBUG = False", "DEBUG = True")
    for command, arguments in (("runinterface", ("--port", str(free_port))), ("runserver", (str(free_port),))):
        process = stack.project.manage(command, *arguments)
        wait_until(lambda process=process: listening(process), lambda process=process: process.output)
        addresses = listening(process)
        assert {port for _, port in addresses} == {free_port}
        assert all(ip_address(host).is_loopback for host, _ in addresses)
        process.kill()
