"""The step that brings the front-end packages in: what it changes, what it leaves out, what it refuses."""

from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import override_settings

from config.assets import FONTS, AssetsMissing, build_assets, stylesheet, without_map

FACE = '@font-face{font-family:GDS Transport;src:url(/assets/fonts/bold-v2.woff2) format("woff2")}'
CREST = ".govuk-footer__copyright-logo:before{content:'';background-image:url(/assets/images/govuk-crest.svg)}"


def test_the_typeface_and_the_crest_are_left_out_and_addresses_made_relative():
    css = f"{FACE}{CREST}.a{{font-family:GDS Transport,arial,sans-serif}}.b{{background:url(/assets/images/x.svg)}}"

    assert stylesheet(css) == f".a{{font-family:{FONTS}}}.b{{background:url(assets/images/x.svg)}}"


@pytest.mark.parametrize(
    "css",
    [
        ".a{font-family:GDS Transport New}",
        ".a{background:url(/other/x.svg)}",
        ".a{background:url(assets/images/crown.svg)}",
    ],
)
def test_what_a_new_version_might_bring_is_refused(css: str):
    with pytest.raises(AssetsMissing, match="not ours"):
        stylesheet(css)


def test_pointers_to_source_maps_go():
    assert without_map("a{}\n/*# sourceMappingURL=x.css.map */\n").strip() == "a{}"
    assert without_map("let a;\n//# sourceMappingURL=x.js.map\n").strip() == "let a;"


def test_a_package_that_is_not_installed_is_named(tmp_path: Path):
    with pytest.raises(AssetsMissing, match=r"govuk-frontend\.min\.css is not there\. Run `npm ci`"):
        build_assets(tmp_path / "node_modules", tmp_path / "static")


def test_what_was_built_asks_for_no_typeface_crown_or_crest():
    built = Path(__file__).parents[2] / "build" / "static"
    css = "".join(path.read_text() for path in built.rglob("*.css"))

    assert {path.name for path in built.iterdir()} == {"govuk", "moj"}
    assert "Transport" not in css
    assert "@font-face" not in css
    assert not [
        path.name
        for path in built.rglob("*")
        if "crown" in path.name or "crest" in path.name or path.suffix == ".woff2"
    ]


@override_settings(
    STORAGES={"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}}
)
def test_every_address_in_our_files_leads_to_a_file(tmp_path: Path):
    """The storage of production hashes each file name, and fails on a style sheet that names a missing one."""
    with override_settings(STATIC_ROOT=str(tmp_path)):
        call_command("collectstatic", interactive=False, verbosity=0)

    collected = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}

    assert {"harbour/harbour.css", "govuk/govuk-frontend.min.css", "staticfiles.json"} <= collected
    assert any(name.startswith("harbour/harbour.") and name.count(".") == 2 for name in collected)


def test_the_checker_is_never_served():
    assert finders.find("axe-core/axe.min.js") is None
