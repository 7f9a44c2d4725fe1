"""Sends to groups as any process of a Towpath project does."""

import os

import django
from sending import serve

os.environ["DJANGO_SETTINGS_MODULE"] = "towpath_settings"
django.setup()

from towpath import Group  # noqa: E402

serve(lambda group, text: Group(group).send({"text": text}))
