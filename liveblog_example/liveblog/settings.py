"""The settings of the example. Everything that differs between machines comes from the environment.

DEBUG            1 (the default, for development) or 0
SECRET_KEY       required when DEBUG is 0
ALLOWED_HOSTS    comma-separated host names; required when DEBUG is 0
TRUSTED_ORIGINS  comma-separated https://... origins that may post forms, for a proxy that changes the host
REDIS_URL        the channel layer; without it everything must run in one process (`manage.py runserver`)
DATABASE_URL     for example postgres://user:password@host/name; without it SQLite
SQLITE_FILE      where SQLite keeps its data; without it `db.sqlite3` beside manage.py
STATIC_ROOT      where `manage.py collectstatic` puts files for the web server
"""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def from_environment(name: str, development: str) -> str:
    """Return an environment variable; the development default is used only while DEBUG is on."""
    value = os.environ.get(name)
    if value is None and not DEBUG:
        raise ImproperlyConfigured(f"With DEBUG=0, {name} must be set in the environment.")
    return development if value is None else value


def names_from(value: str) -> list[str]:
    """Split a comma-separated list."""
    return [name.strip() for name in value.split(",") if name.strip()]


DEBUG = os.environ.get("DEBUG", "1") not in ("0", "false", "no", "off", "")
SECRET_KEY = from_environment("SECRET_KEY", "development-only-and-known-to-everyone")
ALLOWED_HOSTS = names_from(from_environment("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"))
CSRF_TRUSTED_ORIGINS = names_from(os.environ.get("TRUSTED_ORIGINS", ""))

INSTALLED_APPS = [
    "towpath",
    "blogs",
    "django.contrib.admin",
    "towpath.operations",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "liveblog.security.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "liveblog.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]


# The channel layer: Redis between processes, or memory inside one.


def channel_layer() -> dict[str, Any]:
    """Return the layer's backend and its options."""
    if "REDIS_URL" in os.environ:
        hosts = [os.environ["REDIS_URL"]]
        return {"BACKEND": "towpath.layers.redis.RedisChannelLayer", "CONFIG": {"hosts": hosts}}
    return {"BACKEND": "towpath.layers.memory.MemoryChannelLayer"}


CHANNEL_LAYERS = {"default": {**channel_layer(), "ROUTING": "liveblog.routing.channel_routing"}}


# The database. Several worker processes write to one SQLite file: with a write-ahead log readers do not wait, write
# transactions queue up at their first statement, for up to twenty seconds.


def database() -> dict[str, Any]:
    """Return the default database."""
    if "DATABASE_URL" in os.environ:
        import dj_database_url

        return dict(dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60, conn_health_checks=True))
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SQLITE_FILE", BASE_DIR / "db.sqlite3"),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "index"
LOGOUT_REDIRECT_URL = "index"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("STATIC_ROOT", BASE_DIR / "static_root")
