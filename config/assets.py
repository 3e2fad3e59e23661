"""Copies the front-end packages' precompiled files into build/static. Plain Python: runs before settings exist.

    python config/assets.py            # node_modules must be there (npm ci)

Three things are changed on the way. The typeface and the crown belong to GOV.UK alone, so the one is replaced
and the other left out; addresses become relative, so that hashed file names work; source maps are dropped.
"""

import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FONTS = '"Helvetica Neue",Arial,"Liberation Sans","Noto Sans",sans-serif'
PACKAGES = {
    "govuk": ("govuk-frontend/dist/govuk", "govuk-frontend"),
    "moj": ("@ministryofjustice/frontend/moj", "moj-frontend"),
}
AXE = "axe-core/axe.min.js"


class AssetsMissing(Exception):
    """A package or a file in it is not there; the message says what to run."""


def build_assets(modules: Path, out: Path) -> list[Path]:
    """Write the style sheets, modules and pictures the pages use, and say which files they are.

    `out/govuk` and `out/moj` are made afresh; the checker used by tests goes beside `out`. Raises AssetsMissing
    when a package is not installed, or when a new version brings an address or a typeface this step does not know.
    """
    written: list[Path] = []
    for name, (folder, stem) in PACKAGES.items():
        source, target = modules / folder, out / name
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        css = stylesheet(_read(source / f"{stem}.min.css"))
        written += [_write(target / f"{stem}.min.css", css)]
        written += [_write(target / f"{stem}.min.js", without_map(_read(source / f"{stem}.min.js")))]
        written += _pictures(css, source, target)
    written += _axe(modules, out)
    return written


def stylesheet(css: str) -> str:
    """A precompiled style sheet without the typeface, the crest, absolute addresses and the source map."""
    css = re.sub(r"@font-face\{[^}]*\}", "", css)
    css = re.sub(r"(?:\"GDS Transport\"|GDS Transport),\s*arial,\s*sans-serif", FONTS, css)
    css = re.sub(r"[^{}]*\{[^{}]*url\(/assets/images/govuk-crest\.svg\)[^{}]*\}", "", css)
    css = without_map(css.replace("url(/assets/", "url(assets/"))
    if "Transport" in css or re.search(r"url\((?:/|[^)]*(?:crest|crown))", css):
        raise AssetsMissing("This version's style sheet names a typeface, a crest or an address that is not ours.")
    return css


def without_map(text: str) -> str:
    """A script or style sheet without its pointer to a source map, which is not copied."""
    return re.sub(r"(?:/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*$", "", text)


def _pictures(css: str, source: Path, target: Path) -> list[Path]:
    wanted = sorted(set(re.findall(r"url\((assets/[^)]+)\)", css)))
    for address in wanted:
        if not (source / address).is_file():
            raise AssetsMissing(f"{source / address} is named by a style sheet and is not there. Run `npm ci`.")
        (target / address).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / address, target / address)
    return [target / address for address in wanted]


def _axe(modules: Path, out: Path) -> list[Path]:
    """The accessibility checker, where the development packages are installed; pages never load it."""
    if not (modules / AXE).is_file():
        return []
    target = out.parent / AXE
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(modules / AXE, target)
    return [target]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise AssetsMissing(f"{path} is not there. Run `npm ci` first.") from None


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def main() -> int:
    """Build into build/static beside the code; 0 when done, 1 with one line when something is missing."""
    try:
        written = build_assets(ROOT / "node_modules", ROOT / "build" / "static")
    except AssetsMissing as missing:
        print(f"Front-end assets: {missing}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in written)
    print(f"Front-end assets: {len(written)} files, {size // 1024} KB in build/static")
    return 0


if __name__ == "__main__":
    sys.exit(main())
