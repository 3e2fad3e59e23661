"""The production files agree with the project: there is no engine here to find out by running them."""

from __future__ import annotations

import ast
import configparser
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import bootstrap
from config.stack.embedded import APP, DATABASE, INITDB, OWNER, make_cluster, thrown_away
from config.stack.places import Places
from config.stack.processes import Group, as_user

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "config" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
OURS = ("web", "worker", "beat", "alertd", "migrate")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[?-])([^}]*)\}")


def compose_variables() -> dict[str, str]:
    """Each variable of the compose file with its default, or `:?` when it must be set."""
    text = re.sub(r"(?m)^ *#.*$", "", (ROOT / "docker-compose.yml").read_text())
    assert not re.findall(r"(?<!\$)\$(?:\w|\{\w+\})", text), "a variable that may silently be empty"
    found: dict[str, set[str]] = {}
    for name, kind, default in VARIABLE.findall(text):
        found.setdefault(name, set()).add(default if kind == ":-" else kind)
    assert {name for name, kinds in found.items() if len(kinds) > 1} == set()
    return {name: kinds.pop() for name, kinds in found.items()}


def filled(value: str, given: dict[str, str]) -> str:
    """What compose makes of a value."""
    put_in = VARIABLE.sub(lambda found: given.get(found[1], found[3] if found[2] == ":-" else ""), value)
    return put_in.replace("$$", "$")


def settings_read() -> tuple[set[str], set[str]]:
    """The variables that the production settings require, and those that they may be told besides."""
    defaults: dict[str, bool] = {}
    for name in ("base", "production"):
        for node in ast.walk(ast.parse((ROOT / "config" / "settings" / f"{name}.py").read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and isinstance(node.args[0], ast.Constant)
            ):
                has_default = any(keyword.arg == "default" for keyword in node.keywords)
                defaults[node.args[0].value] = has_default  # production comes last and has the last word
    required = {name for name, has_default in defaults.items() if not has_default}
    return required, defaults.keys() - required


def production_environment() -> dict[str, str]:
    """The web's environment as compose would give it, each variable that must be set being set."""
    given = {name: "filled-in-0123456789" for name, default in compose_variables().items() if default == ":?"}
    given |= {"BASE_URL": "https://harbour.example", "ALLOWED_HOSTS": "harbour.example"}
    return {name: filled(str(value), given) for name, value in SERVICES["web"]["environment"].items()}


def test_the_shape_of_production_is_all_there() -> None:
    assert set(SERVICES) == {
        "nginx", "web", "worker", "beat", "alertd", "migrate", "pgbouncer", "postgres", "redis",
    }  # fmt: skip
    for name, service in SERVICES.items():
        assert ("healthcheck" in service) == (name != "migrate"), name
        assert set(service.get("depends_on", {})) <= set(SERVICES), name


def test_only_nginx_faces_the_network_and_the_database_is_on_the_inside_alone() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["nginx"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == SERVICES["pgbouncer"]["networks"]
    assert SERVICES["postgres"]["networks"] == ["inside"]


def test_the_example_names_every_variable_and_holds_no_value_of_those_that_must_be_set() -> None:
    lines = (DEPLOY / "example.env").read_text().splitlines()
    required = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
    optional = dict(line.removeprefix("# ").split("=", 1) for line in lines if re.match(r"# [A-Z_]+=", line))
    variables = compose_variables()

    assert required == {name: "" for name, default in variables.items() if default == ":?"}
    assert optional == {name: default for name, default in variables.items() if default != ":?"}


def test_nothing_secret_is_written_down() -> None:
    secret = re.compile(r"PASSWORD|SECRET|KEY|AUTH|URL")
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if secret.search(variable):
                assert VARIABLE.search(str(value)), f"{name} is given {variable} outright"
    assert not re.search(r"(?i)\b(?:ENV|ARG)\b[^\n]*(?:PASSWORD|SECRET|KEY)", DOCKERFILE)


def test_every_setting_that_production_requires_is_given_and_everything_given_is_read() -> None:
    required, optional = settings_read()
    for name in OURS:
        given = set(SERVICES[name]["environment"]) - {"DJANGO_SETTINGS_MODULE"}
        assert required <= given, name
        assert given <= required | optional, name


def test_production_starts_with_what_compose_gives_and_names_each_variable_it_misses() -> None:
    """Each required one is taken away in turn: the start must fail, and say which."""
    required, _ = settings_read()
    assert required >= {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "BASE_URL"}
    program = (
        "import importlib, os, sys\n"
        "def load():\n"
        "    for name in [n for n in sys.modules if n.startswith('config.settings')]: del sys.modules[name]\n"
        "    importlib.import_module('config.settings.production')\n"
        "load(); print('starts')\n"
        "for name in sys.argv[1:]:\n"
        "    kept = os.environ.pop(name)\n"
        "    try: load()\n"
        "    except Exception as refusal: print(name, name in str(refusal))\n"
        "    else: print(name, 'not missed')\n"
        "    os.environ[name] = kept\n"
    )
    environment = {"PATH": os.environ["PATH"], **production_environment()}
    done = subprocess.run(
        [sys.executable, "-c", program, *sorted(required)], cwd=ROOT, env=environment, capture_output=True, text=True
    )

    assert done.stdout.splitlines() == ["starts", *(f"{name} True" for name in sorted(required))], done.stderr


def test_the_role_that_owns_is_given_to_the_migrations_alone() -> None:
    for name, service in SERVICES.items():
        holds = {"DATABASE_OWNER_PASSWORD"} & {
            found[0] for value in service.get("environment", {}).values() for found in VARIABLE.findall(str(value))
        }
        assert bool(holds) == (name in {"migrate", "postgres"}), name
    assert f"://{OWNER}:" in SERVICES["migrate"]["environment"]["DATABASE_URL"]
    assert f"://{APP}:" in SERVICES["web"]["environment"]["DATABASE_URL"]


def test_every_path_that_the_files_name_exists() -> None:
    mounted = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])]
    copied = [
        source
        for line in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE)
        for source in line.split()[:-1]
    ]  # fmt: skip
    run = re.findall(r"(?:config/[\w/]+\.\w+|manage\.py|requirements[\w-]*\.lock)", DOCKERFILE)
    in_commands = [word for service in SERVICES.values() for word in commands_of(service) if word.endswith(".py")]

    named = [path for path in mounted if path.startswith("./")] + copied + run + in_commands
    assert len(named) >= 12
    assert [path for path in named if not (ROOT / path).exists()] == []
    # Copied from the stage before, which installs it.
    assert "npm ci" in DOCKERFILE


def commands_of(service: dict[str, Any]) -> list[str]:
    check = service.get("healthcheck", {}).get("test", [])
    return [str(word) for word in [*service.get("command", []), *check]]


@pytest.mark.parametrize("name", OURS)
def test_our_commands_are_ones_that_their_programs_accept(name: str) -> None:
    command = [filled(str(word), {}) for word in SERVICES[name]["command"]]
    bin_folder = Path(sys.executable).parent
    assert (bin_folder / command[0]).exists()
    if command[0] == "gunicorn":
        arguments = [str(bin_folder / "gunicorn"), "--check-config", *command[1:]]
    elif command[0] == "celery":
        arguments = [sys.executable, "-c", PARSE_CELERY, *command[3:]]
    else:
        arguments = [sys.executable, *command[1:3], "--help"]
    environment = {"PATH": os.environ["PATH"], **production_environment()}
    done = subprocess.run(arguments, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert command[:3] == ["celery", "--app", "config.celery"] or command[0] != "celery"


# Reads the options as celery would, and stops before the worker or the beat would start.
PARSE_CELERY = """
import sys, click
import config.celery
from celery.bin.celery import celery
from celery.bin.base import CLIContext
name, *arguments = sys.argv[1:]
parent = click.Context(celery, info_name="celery")
parent.obj = CLIContext(app=config.celery.app, no_color=True, workdir=None)
celery.commands[name].make_context(name, arguments, parent=parent)
"""


def test_addresses_lead_to_services_at_the_ports_where_they_listen() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text()
    pooler = configparser.ConfigParser()
    pooler.read(DEPLOY / "pgbouncer.ini")
    environment = SERVICES["web"]["environment"]

    host, port = re.findall(r"set \$web (\w+):(\d+);", nginx)[0]
    assert host in SERVICES
    assert f"0.0.0.0:{port}" in SERVICES["web"]["command"]
    assert f"EXPOSE {port}" in DOCKERFILE
    assert f"PORT = {port}" in (DEPLOY / "healthcheck.py").read_text()
    assert f"@pgbouncer:{pooler['pgbouncer']['listen_port']}/{DATABASE}" in environment["DATABASE_URL"]
    assert pooler["databases"][DATABASE] == f"host=postgres port=5432 dbname={DATABASE}"
    assert pooler["pgbouncer"]["pool_mode"] == "transaction"
    assert "@redis:6379/" in environment["REDIS_URL"]
    assert f"@postgres:5432/{DATABASE}" in SERVICES["migrate"]["environment"]["DATABASE_URL"]


def test_nginx_listens_where_compose_leads_and_reads_what_it_mounts() -> None:
    nginx = re.sub(r"(?m)^\s*#.*$", "", (DEPLOY / "nginx.conf").read_text())
    mounted = {volume.split(":")[-2] for volume in SERVICES["nginx"]["volumes"]}
    published = {port.split(":")[1] for port in SERVICES["nginx"]["ports"]}
    checked = re.findall(r":(\d+)/(\w+)", SERVICES["nginx"]["healthcheck"]["test"][-1])

    assert nginx.count("{") == nginx.count("}") > 5
    assert all(line.rstrip().endswith((";", "{", "}")) for line in nginx.splitlines() if line.strip())
    assert set(re.findall(r"listen (\d+)[; ]", nginx)) == published
    assert set(re.findall(r"ssl_certificate(?:_key)? (\S+);", nginx)) | {"/etc/nginx/nginx.conf"} == mounted
    assert [(f"listen 127.0.0.1:{port};" in nginx, f"location = /{path}" in nginx) for port, path in checked] == [
        (True, True)
    ]
    # What a client says about itself never reaches the product, nor a name somebody searched for the log.
    assert set(re.findall(r"proxy_set_header (\S+)", nginx)) == {
        "Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded",
    }  # fmt: skip
    assert not re.search(r"log_format[^;]*\$(?:request\b|request_uri|args|query_string|http_referer)", nginx)


@pytest.mark.parametrize(
    ("script", "service"), [("pgbouncer-start.sh", "pgbouncer"), ("postgres-roles.sh", "postgres")]
)
def test_the_shell_scripts_parse_and_use_only_variables_they_are_given(script: str, service: str) -> None:
    text = (DEPLOY / script).read_text()
    used = set(re.findall(r"\$\{?([A-Z_]+)(?!\w|:-|\})", text))

    assert subprocess.run(["sh", "-n", DEPLOY / script]).returncode == 0
    assert used
    assert used <= set(SERVICES[service]["environment"])


def test_the_image_has_the_system_packages_and_versions_that_a_single_machine_has() -> None:
    wanted = {package for package, _ in bootstrap.NEEDED["run"]} - {"python3-venv"}
    final = DOCKERFILE.split("AS harbour")[1].split("AS pgbouncer")[0]
    version = re.findall(r'requires-python = ">=(\d\.\d+)', (ROOT / "pyproject.toml").read_text())[0]

    assert wanted <= set(final.split())
    assert set(re.findall(r"FROM python:(\d\.\d+)", DOCKERFILE)) == {version}
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert re.search(r"(?m)^USER harbour$", final)
    for name in OURS:
        assert SERVICES[name]["build"]["target"] == "harbour"
    assert "AS pgbouncer" in DOCKERFILE


def test_the_database_sorts_as_everywhere_else() -> None:
    assert SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split() == INITDB


def test_the_roles_script_makes_an_owner_and_a_serving_role_without_powers() -> None:
    """Run for real on an empty PostgreSQL, as the image runs it."""
    with thrown_away() as (group, places):
        start_bare(group, places)
        environment = {
            "PATH": f"{places.postgres_bin}:{os.defpath}",
            "PGHOST": str(places.sockets),
            "DATABASE_OWNER_PASSWORD": "owner0123",
            "DATABASE_APP_PASSWORD": "app0123",
        }
        script = (DEPLOY / "postgres-roles.sh").read_text()
        done = subprocess.run(
            ["sh"], input=script, env=environment, text=True, capture_output=True, **as_service_user(places)
        )
        query = (
            "SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolbypassrls, "
            "pg_get_userbyid(datdba) = rolname, has_database_privilege(rolname, datname, 'CONNECT') "
            "FROM pg_roles, pg_database WHERE rolcanlogin AND rolname <> 'postgres' AND datname = 'harbour' ORDER BY 1"
        )
        asked = subprocess.run(
            ["psql", "-U", "postgres", "-d", "postgres", "-AtXc", query],
            env=environment, text=True, capture_output=True, **as_service_user(places),
        )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert asked.stdout.splitlines() == [f"{APP}|f|f|t", f"{OWNER}|f|t|t"]


def start_bare(group: Group, places: Places) -> None:
    make_cluster(places, thrown_away=True)
    postgres = group.start(
        "PostgreSQL",
        [places.postgres_bin / "postgres", "-F", "-D", places.postgres_data, "-k", places.sockets, "-h", ""],
        tier=1,
        stop=signal.SIGINT,
        user=places.service_user,
        log=places.logs / "postgres.log",
    )
    ready = [str(places.postgres_bin / "pg_isready"), "-q", "-h", str(places.sockets)]
    group.wait_until(lambda: subprocess.run(ready).returncode == 0, postgres, seconds=30)


def as_service_user(places: Places) -> dict[str, Any]:
    return {**as_user(places.service_user), "cwd": places.sockets}


def test_nginx_writes_down_no_address_of_a_page() -> None:
    """An address holds the reference of a file."""
    nginx = (DEPLOY / "nginx.conf").read_text()
    formats = re.findall(r"log_format \w+ '([^']*)'", nginx)
    assert formats
    assert not {"$uri", "$request", "$request_uri", "$args", "$http_referer"} & set(re.findall(r"\$\w+", formats[0]))
