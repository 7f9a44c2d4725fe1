"""The reactor of a process, in processes of their own: one can be installed only once."""

import subprocess
import sys


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def test_it_runs_on_the_loop_that_it_is_given() -> None:
    code = (
        "import asyncio; from towpath.interface.eventloop.reactor import install_reactor; "
        "loop = asyncio.SelectorEventLoop(); reactor = install_reactor(loop); "
        "print(type(reactor).__name__, reactor._asyncioEventloop is loop, asyncio.get_event_loop() is loop)"
    )
    assert run(code) == "AsyncioSelectorReactor True True\n"


def test_a_project_that_has_installed_another_learns_what_to_change() -> None:
    code = (
        "import twisted.internet.reactor; from towpath.interface.eventloop.reactor import install_reactor\n"
        "try: install_reactor()\nexcept Exception as error: print(type(error).__name__, error)"
    )
    said = run(code)
    assert said.startswith("ConfigurationError something has imported twisted.internet.reactor"), said
    assert "import it inside the functions that use it" in said


def test_nothing_waits_by_the_clock_of_the_system_which_may_be_set() -> None:
    code = (
        "import time; system = time.time; jump = 0; time.time = lambda: system() + jump\n"
        "from towpath.interface.eventloop.reactor import install_reactor\n"
        "reactor = install_reactor()\n"
        "def set_forward():\n"
        "    global jump\n"
        "    jump += 3600\n"
        "def set_back():\n"
        "    global jump\n"
        "    jump -= 7200\n"
        "hour = reactor.callLater(3600, print, 'early')\n"
        "reactor.callLater(0.01, set_forward)\n"
        "reactor.callLater(0.02, set_back)\n"
        "reactor.callLater(0.03, print, 'in time')\n"
        "reactor.callLater(0.04, reactor.stop)\n"
        "reactor.run()\n"
        "print(hour.active())"
    )
    assert run(code) == "in time\nTrue\n"
