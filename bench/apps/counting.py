"""Runs a command of Django's with every function call counted: argv[1] is where the count is written at the end."""

import cProfile
import pstats
import sys
import threading

from django.core.management import execute_from_command_line

counted: list[cProfile.Profile] = []
run_thread = threading.Thread.run


def run_counted(thread: threading.Thread) -> None:
    """Run a thread with a profile of its own."""
    profile = cProfile.Profile()
    counted.append(profile)
    profile.runcall(run_thread, thread)


threading.Thread.run = run_counted  # type: ignore[method-assign]
main = cProfile.Profile()
counted.append(main)
try:
    main.runcall(execute_from_command_line, ["django-admin", *sys.argv[2:]])
finally:
    calls = sum(pstats.Stats(profile).total_calls for profile in counted if profile.getstats())  # type: ignore[attr-defined]
    with open(sys.argv[1], "a") as stream:
        print(calls, file=stream)
