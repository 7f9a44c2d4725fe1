"""The files as Django serves them: found, named by their content, and still importing each other."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COLLECT = """
import sys
import django
from django.conf import settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command

class HashesModulesToo(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True

settings.configure(
    INSTALLED_APPS=["towpath", "django.contrib.staticfiles"],
    STATIC_URL="static/",
    STATIC_ROOT=sys.argv[1],
    STORAGES={"staticfiles": {"BACKEND": sys.argv[2]}},
)
django.setup()
call_command("collectstatic", verbosity=0)
"""

#: Print the types of what a module exports, and what it left in the global scope.
LOAD = """
import { pathToFileURL } from "node:url";
const module = await import(pathToFileURL(process.argv[1]));
console.log(module.WebSocketBridge === towpath.WebSocketBridge, typeof module.WebSocketBridge);
"""

DJANGOS = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
OURS = "__main__.HashesModulesToo"


def collect(folder: Path, storage: str) -> dict[str, str]:
    """Run collectstatic into `folder`; return original name -> name by content, of our files."""
    command = [sys.executable, "-W", "error", "-c", COLLECT, str(folder), storage]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    paths: dict[str, Any] = json.loads((folder / "staticfiles.json").read_text())["paths"]
    return {name.removeprefix("towpath/"): path for name, path in paths.items() if name.startswith("towpath/")}


def load(node: str, module: Path) -> str:
    """Import a module in node; return what it printed."""
    command = [node, "--input-type=module", "--eval", LOAD, str(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("storage", [DJANGOS, OURS])
def test_modules_and_scripts_load_by_the_names_of_their_content(node, tmp_path, storage):
    paths = collect(tmp_path, storage)
    assert {"websocketbridge.js", "websocketbridge.module.js", "websocketbridge.d.ts", "package.json"} <= set(paths)
    assert paths["websocketbridge.js"] != "towpath/websocketbridge.js"
    assert load(node, tmp_path / paths["websocketbridge.module.js"]) == "true function"


def test_with_imports_aggregated_no_file_needs_one_without_its_content_in_its_name(node, tmp_path):
    paths = collect(tmp_path, OURS)
    for name in ("websocketbridge.js", "websocketbridge.module.js"):
        (tmp_path / "towpath" / name).unlink()
    assert load(node, tmp_path / paths["websocketbridge.module.js"]) == "true function"


def test_collecting_changes_nothing_in_the_script(tmp_path):
    paths = collect(tmp_path, OURS)
    original = tmp_path / "towpath" / "websocketbridge.js"
    assert (tmp_path / paths["websocketbridge.js"]).read_bytes() == original.read_bytes()
