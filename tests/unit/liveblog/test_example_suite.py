"""The example as its user runs it: its own tests, its migrations, its settings. Each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[3] / "liveblog_example"
#: Variables that the example's settings read.
VARIABLES = (
    "DEBUG",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "REDIS_URL",
    "DATABASE_URL",
    "SQLITE_FILE",
    "DJANGO_SETTINGS_MODULE",
)


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` with only these of the example's variables."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", **variables}
    command = [sys.executable, "-W", "error", "manage.py", *arguments]
    return subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)


def test_its_own_tests_pass():
    done = manage("test")
    assert done.returncode == 0, done.stderr
    assert "\nOK" in done.stderr


def test_its_migrations_are_complete():
    done = manage("makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr


def test_with_debug_off_the_secrets_must_be_given():
    done = manage("check", DEBUG="0")
    assert done.returncode != 0
    assert "With DEBUG=0, SECRET_KEY must be set" in done.stderr


def test_with_the_secrets_it_is_ready_to_be_deployed():
    variables = {"DEBUG": "0", "SECRET_KEY": "x", "ALLOWED_HOSTS": "example.org"}
    done = manage("check", **variables)
    assert done.returncode == 0, done.stderr


def test_database_url_selects_postgresql():
    pytest.importorskip("dj_database_url", reason="dj-database-url is not installed: pip install dj-database-url")
    program = "from liveblog.settings import DATABASES; print(DATABASES['default']['ENGINE'])"
    environment = os.environ | {"DATABASE_URL": "postgres://someone@localhost/blog", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "django.db.backends.postgresql", done.stderr
