"""The files of deploy/container: read by parsers and a linter, and compared with the options of the code."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management.base import CommandParser

from towpath.interface.cli import build_parser, check_variable
from towpath.interface.commandline.environment import INTERFACE_PREFIX, read_environment
from towpath.layers.monitoring import Health, page_of
from towpath.management.commands import runworker

LIVE, READY = "/live", "/ready"
#: The image's user, in every file.
USER = 10001
VARIABLE = re.compile(r"\$\{?(\w+)")


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "deploy" / "container"


@pytest.fixture(scope="module")
def compose(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "compose.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def objects(folder: Path) -> dict[tuple[str, str], Any]:
    """The objects of kubernetes.yaml by kind and name."""
    documents = yaml.safe_load_all((folder / "kubernetes.yaml").read_text())
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


@pytest.fixture(scope="module")
def stages(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """The instructions of the Dockerfile by stage, as (instruction, arguments)."""
    text = re.sub(r"^\s*#.*\n", "", (folder / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        instruction, _, arguments = line.partition(" ")
        if instruction == "FROM":
            found[arguments.rpartition(" AS ")[2]] = current = []
        elif instruction != "ARG":
            current.append((instruction, arguments.strip()))
    return found


def variables_of(stage: list[tuple[str, str]]) -> dict[str, str]:
    """Return the variables that a stage sets."""
    words = [word for instruction, arguments in stage if instruction == "ENV" for word in shlex.split(arguments)]
    return dict(word.split("=", 1) for word in words)


def container(objects: Mapping[tuple[str, str], Any], name: str) -> dict[str, Any]:
    """Return the container of a Deployment, with its variables as a dict."""
    [found] = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
    return {**found, "variables": {each["name"]: each.get("value", "") for each in found["env"]}}


def check_options(variables: Mapping[str, str]) -> None:
    """Fail if a variable with the prefix of a command is not an option of it, or has a value that it refuses."""
    if "TOWPATH_INTERFACE_SPOOL_FOLDER" in variables:  # it has to exist
        variables = {**variables, "TOWPATH_INTERFACE_SPOOL_FOLDER": "/tmp"}
    worker = CommandParser()
    runworker.Command().add_arguments(worker)
    assert read_environment(build_parser(), INTERFACE_PREFIX, check=check_variable, environment=variables) == []
    assert read_environment(worker, runworker.Command.environment_prefix, environment=variables) == []
    assert any(name.startswith("TOWPATH_") for name in variables)


@pytest.mark.parametrize("path", [LIVE, READY])
def test_the_paths_of_the_probes_are_answered(path: str) -> None:
    assert page_of(path, lambda: Health([]), {}).status == 200


def test_the_linter_has_nothing_to_say_of_the_dockerfile(folder: Path) -> None:
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if linter is None:
        pytest.skip("hadolint is not installed: it comes with the extra `test` on Linux")
    done = subprocess.run(
        [linter, "--no-color", str(folder / "Dockerfile")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_file_that_an_image_copies_is_there(root: Path, stages: Any) -> None:
    copied = [arguments for stage in stages.values() for name, arguments in stage if name == "COPY"]
    sources = [word for line in copied if not line.startswith("--from") for word in line.split()[:-1]]
    assert len(sources) > 10
    assert [source for source in sources if not (root / source).exists()] == []
    stages_used = {line.split()[0].removeprefix("--from=") for line in copied if line.startswith("--from")}
    assert stages_used < set(stages)


def test_what_the_first_stage_copies_makes_the_same_wheel(
    sources: Path, stages: Any, wheel: Path, build: Callable[[Path, str], Path], tmp_path: Path
) -> None:
    for name, arguments in stages["packages"]:
        if name == "COPY":
            *copied, target = arguments.split()
            for source in copied:
                if (sources / source).is_dir():
                    shutil.copytree(sources / source, tmp_path / target)
                else:
                    shutil.copy(sources / source, tmp_path)
    made = build(tmp_path, "wheel")
    names = [{name for name in zipfile.ZipFile(path).namelist() if ".dist-info/" not in name} for path in (made, wheel)]
    assert names[0] == names[1]


@pytest.mark.parametrize("stage", ["interface", "worker"])
def test_an_image_has_known_options_a_user_and_a_health_check(stages: Any, stage: str) -> None:
    instructions = dict(stages[stage])
    variables = variables_of(stages[stage])
    check_options(variables)
    assert instructions["USER"] == f"{USER}:{USER}"
    address = variables[f"TOWPATH_{stage.upper()}_METRICS"]
    assert f"urlopen('http://{address}{LIVE}'" in instructions["HEALTHCHECK"]
    assert json.loads(instructions["CMD"]), "the signal to stop must reach the process, not a shell"


def test_the_commands_of_the_images_are_ones_that_their_parsers_take(stages: Any) -> None:
    program, *arguments = json.loads(dict(stages["interface"])["CMD"])
    assert program == "towpath-interface"
    parser = build_parser()
    read_environment(parser, INTERFACE_PREFIX, environment=variables_of(stages["interface"]))
    assert parser.parse_args(arguments).redis_env == "REDIS_URL"
    assert json.loads(dict(stages["worker"])["CMD"]) == ["python", "manage.py", "runworker"]


def test_nginx_of_the_image_is_the_shipped_one_with_other_addresses(root: Path, stages: Any) -> None:
    [script] = [arguments for name, arguments in stages["proxy"] if name == "RUN"]
    site = (root / "deploy" / "nginx.conf").read_text()
    replaced = re.findall(r"-e 's/(.*?)/(.*?)/'", script)
    assert [old for old, _ in replaced if old not in site] == []
    assert {new for _, new in replaced} == {"server interface:8000;", "listen 8080;", "server_name localhost;"}
    deleted = re.findall(r"-e '/(.*?)/(?:,/(.*?)/)?d'", script)
    assert all(re.search(mark, site, re.MULTILINE) for marks in deleted for mark in marks)
    assert ("COPY", "--from=site /static /srv/mysite/static_root") in stages["proxy"]
    assert "alias /srv/mysite/static_root/;" in site


def test_compose_knows_the_options_the_stages_and_its_own_names(compose: Any, stages: Any) -> None:
    services = compose["services"]
    for name, service in services.items():
        environment = service.get("environment", {})
        if any(variable.startswith("TOWPATH_") for variable in environment):
            check_options(environment)
        assert service.get("build", {}).get("target", name) in {*stages, "redis"}
        assert set(service.get("depends_on", {})) <= set(services)
        assert set(service["networks"]) <= set(compose["networks"])
        assert all(volume.split(":")[0] in compose["volumes"] for volume in service.get("volumes", []))
    assert services["proxy"]["ports"] == ["127.0.0.1:8080:8080"]


def test_every_container_of_compose_is_shut_but_for_what_it_needs(compose: Any) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    assert compose["networks"]["back"]["internal"] is True
    assert compose["services"]["redis"]["networks"] == ["back"]


def test_redis_of_compose_refuses_when_it_is_full_and_asks_for_a_password(compose: Any) -> None:
    command = compose["services"]["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert (options["--maxmemory-policy"], options["--save"], options["--appendonly"]) == ("noeviction", "", "no")
    assert options["--maxmemory"]
    assert VARIABLE.match(options["--requirepass"])[1] == "REDIS_PASSWORD"  # type: ignore[index]
    for name in ("interface", "worker", "migrate"):
        assert "${REDIS_PASSWORD:?" in compose["services"][name]["environment"]["REDIS_URL"]


def test_the_proxies_that_are_believed_are_those_of_the_network(compose: Any) -> None:
    [network] = compose["networks"]["front"]["ipam"]["config"]
    interface = compose["services"]["interface"]
    assert interface["environment"]["TOWPATH_INTERFACE_TRUSTED_PROXIES"] == network["subnet"]
    assert READY in interface["healthcheck"]["test"][-1]


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_a_container_of_compose_has_the_time_that_its_process_takes_to_stop(compose: Any) -> None:
    interface = compose["services"]["interface"]
    options = interface["environment"]
    stop = float(options["TOWPATH_INTERFACE_DRAIN_PAUSE"]) + float(options["TOWPATH_INTERFACE_GRACE"])
    assert stop < seconds(interface["stop_grace_period"])
    assert compose["services"]["worker"]["stop_grace_period"] == "60s"


@pytest.mark.parametrize("name", ["edge", "worker"])
def test_a_deployment_has_known_options_and_probes_of_addresses_that_exist(objects: Any, name: str) -> None:
    found = container(objects, name)
    check_options(found["variables"])
    ports = {port["name"]: port["containerPort"] for port in found["ports"]}
    prefix = "TOWPATH_INTERFACE" if name == "edge" else "TOWPATH_WORKER"
    assert found["variables"][f"{prefix}_METRICS"] == f"public:0.0.0.0:{ports['metrics']}"
    for probe, path in (("startupProbe", LIVE), ("livenessProbe", LIVE), ("readinessProbe", READY)):
        assert (found[probe]["httpGet"]["path"], found[probe]["httpGet"]["port"]) == (path, "metrics")


@pytest.mark.parametrize("name", ["edge", "worker"])
def test_a_pod_is_shut_but_for_what_it_needs_and_named_apart_from_the_options(objects: Any, name: str) -> None:
    pod = objects["Deployment", name]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, USER)
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    found = container(objects, name)
    context = found["securityContext"]
    assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert {mount["name"] for mount in found["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert found["resources"]["limits"]["memory"]


def test_an_interface_server_has_the_time_that_its_drain_takes(objects: Any) -> None:
    found = container(objects, "edge")
    _, pause = found["lifecycle"]["preStop"]["exec"]["command"]
    options = found["variables"]
    drain = float(options["TOWPATH_INTERFACE_DRAIN_PAUSE"]) + float(options["TOWPATH_INTERFACE_GRACE"])
    pod = objects["Deployment", "edge"]["spec"]["template"]["spec"]
    assert float(pause) + drain < pod["terminationGracePeriodSeconds"]
    spool = found["variables"]["TOWPATH_INTERFACE_SPOOL_FOLDER"]
    assert spool in [mount["mountPath"] for mount in found["volumeMounts"]]


def test_services_and_the_ingress_lead_to_ports_that_exist(objects: Any) -> None:
    for (kind, _), found in objects.items():
        if kind == "Service":
            component = found["spec"]["selector"]["app.kubernetes.io/component"]
            ports = {
                port["name"] for port in container(objects, {"interface": "edge"}.get(component, component))["ports"]
            }
            assert {port["targetPort"] for port in found["spec"]["ports"]} <= ports
    [rule] = objects["Ingress", "site"]["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert ("Service", backend["name"]) in objects
    assert rule["host"] == container(objects, "edge")["variables"]["TOWPATH_INTERFACE_ALLOWED_HOST"]


def test_workers_are_scaled_by_a_metric_that_is_exported(root: Path, objects: Any) -> None:
    [trigger] = objects["ScaledObject", "worker"]["spec"]["triggers"]
    assert objects["ScaledObject", "worker"]["spec"]["scaleTargetRef"]["name"] == "worker"
    names = re.findall(r"towpath_\w+", trigger["metadata"]["query"])
    source = "".join(path.read_text() for path in (root / "layers" / "monitoring").glob("*.py"))
    source += "".join(path.read_text() for path in (root / "worker").rglob("*.py"))
    assert names == ["towpath_queue_oldest_seconds"]
    assert all(f'"{name}"' in source for name in names)
    annotations = objects["Service", "layer-metrics"]["metadata"]["annotations"]
    assert annotations["prometheus.io/path"] == "/metrics/layer"


def names_in(value: Any) -> Iterator[str]:
    """Yield every text of a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from names_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from names_in(item)


def test_no_file_holds_a_secret(compose: Any, objects: Any) -> None:
    texts = [text for document in (compose, *objects.values()) for text in names_in(document)]
    urls = [text for text in texts if re.match(r"redis(s)?://", text)]
    assert [url for url in urls if "${REDIS_PASSWORD" not in url] == []
