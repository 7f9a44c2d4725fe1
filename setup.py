"""Packaging. `FOLDERS` maps the top-level folders of this repository under the one import root `towpath`."""

from pathlib import Path

from setuptools import find_packages, setup

#: Folder in the repository -> package it is imported as. A bare `worker` or `routing` must never be importable:
#: a project's own `routing.py` would shadow it.
FOLDERS = {
    "app": "towpath",
    "layers": "towpath.layers",
    "channels": "towpath.channels",
    "routing": "towpath.routing",
    "consumers": "towpath.consumers",
    "worker": "towpath.worker",
    "interface": "towpath.interface",
    "testing": "towpath.testing",
}

HERE = Path(__file__).parent


def mapped_packages() -> list[str]:
    """Return every package below the mapped folders, by its import name."""
    names = []
    for folder, package in FOLDERS.items():
        names.append(package)
        names += [f"{package}.{inner}" for inner in find_packages(str(HERE / folder))]
    return names


if __name__ == "__main__":
    setup(
        name="towpath",
        version="0.1.0",
        description="WebSockets, long-polling and background work for Django with plain synchronous code",
        long_description=(HERE / "README.md").read_text() if (HERE / "README.md").exists() else "",
        long_description_content_type="text/markdown",
        license="BSD-3-Clause",
        python_requires=">=3.10",
        packages=mapped_packages(),
        package_dir={package: folder for folder, package in FOLDERS.items()},
        package_data={
            "towpath": ["py.typed", "static/towpath/*", "templates/towpath/*"],
            "towpath.layers.redis": ["*.lua"],
        },
        install_requires=[
            "Django>=5.2",
            "redis>=6.2",
            "msgpack>=1.1",
            "Twisted>=25.5",
            "autobahn>=25.6",
        ],
        extras_require={
            "speedups": ["uvloop>=0.21; sys_platform != 'win32'", "hiredis>=3.2"],
            "tls": ["Twisted[tls]>=25.5"],
            "http2": ["Twisted[tls,http2]>=25.5"],
            "encryption": ["cryptography>=45"],
        },
        entry_points={"console_scripts": ["towpath-interface = towpath.interface.cli:main"]},
    )
