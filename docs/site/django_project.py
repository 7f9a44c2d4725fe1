"""A Django project in which every public module can be imported, and the parsers of the commands."""

import argparse

import django
from django.conf import settings
from django.core.management import load_command_class

from towpath.interface import cli
from towpath.interface.commandline.environment import INTERFACE_PREFIX, read_environment
from towpath.migrate.cli import build_parser

APPLICATIONS = ["towpath", *(f"django.contrib.{name}" for name in ("contenttypes", "auth", "sessions", "staticfiles"))]


def set_up() -> None:
    """Configure Django, once."""
    if not settings.configured:
        settings.configure(INSTALLED_APPS=APPLICATIONS, SECRET_KEY="not secret", USE_TZ=True)
        django.setup()


def towpath_interface() -> argparse.ArgumentParser:
    """Return the parser of `towpath-interface`, with the variables of its options."""
    parser = cli.build_parser()
    parser.usage = "towpath-interface [options] [MODULE:LAYER]"
    read_environment(parser, INTERFACE_PREFIX, environment={})
    return parser


def towpath_migrate() -> argparse.ArgumentParser:
    """Return the parser of `towpath-migrate`."""
    return build_parser()


def runworker() -> argparse.ArgumentParser:
    """Return the parser of `manage.py runworker`."""
    return _management("runworker")


def runinterface() -> argparse.ArgumentParser:
    """Return the parser of `manage.py runinterface`."""
    parser = _management("runinterface")
    parser.usage = "manage.py runinterface [options]"
    return parser


def runserver() -> argparse.ArgumentParser:
    """Return the parser of `manage.py runserver`."""
    return _management("runserver")


def rundelay() -> argparse.ArgumentParser:
    """Return the parser of `manage.py rundelay`."""
    return _management("rundelay")


def towpath() -> argparse.ArgumentParser:
    """Return the parser of `manage.py towpath`."""
    return _management("towpath")


def _management(name: str) -> argparse.ArgumentParser:
    """Return the parser of a management command, without the options that all of Django's have."""
    set_up()
    parser = load_command_class("towpath", name).create_parser("manage.py", name)
    for action in list(parser._actions):
        if action.dest in OPTIONS_OF_DJANGO:
            parser._remove_action(action)
            parser._optionals._group_actions.remove(action)
    return parser


OPTIONS_OF_DJANGO = {"version", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"}
