"""Settings that all Django systems share: no middleware, no database, DEBUG off."""

import os

SECRET_KEY = "only-for-measuring"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = os.environ.get("BENCH_URLS", "plain_urls")
MIDDLEWARE: list[str] = []
INSTALLED_APPS: list[str] = []
