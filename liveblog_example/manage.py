#!/usr/bin/env python
"""The command line of the example: `manage.py runserver`, `manage.py sample`, `manage.py post SLUG "text"`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liveblog.settings")
    execute_from_command_line(sys.argv)
