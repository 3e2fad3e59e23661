"""`make bench`: measures what the design promises, as ratios taken in one run, and prints a table.

The exit code says whether everything could be measured, not whether every goal holds.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from datetime import date
from functools import partial

FULL = (1_000, 100_000, 1_000_000)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="files in the large world (100000)")
    parser.add_argument("--full", action="store_true", help="worlds of 1,000, 100,000 and 1,000,000 files")
    parser.add_argument("--plans", action="store_true", help="print the plan of each measured statement")
    options = parser.parse_args()
    options.sizes = FULL if options.full else (1_000, options.files)
    if options.files < 20_000:
        parser.error("The large world needs at least 20,000 files, or the smallest agency has no full page.")
    return options


def main() -> int:
    options = arguments()
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    from tests.bench.databases import databases
    from tests.bench.measuring import say, table_of
    from tests.bench.sizes import lines_of, say_lines
    from tests.bench.worlds import load_world

    began = time.monotonic()
    with databases(len(options.sizes)) as made:
        worlds = []
        for database, files in zip(made, options.sizes, strict=True):
            say(f"{time.monotonic() - began:4.0f} s  loading {files:,} files")
            worlds.append(load_world(database, files=files, like=options.sizes[-1], say=say))
        say(f"{time.monotonic() - began:4.0f} s  loaded; measuring")
        lines = [line for world in worlds for line in lines_of(world)]
        say_lines(lines)
        small, large = worlds[0], worlds[-1]
        rows = []
        for row in rows_of(small, large):
            rows.append(row)
            say(f"  {row.what} / {row.against}: {row.ratio:.3g}")
        if options.plans:
            print_plans(large)
    say(f"\n{date.today():%-d %B %Y}, {large.files:,} files, {time.monotonic() - began:.0f} s in all.")
    say("Processor time of the process and of the database for it; pages: of the web worker and its database.\n")
    say_lines(lines)
    say()
    say(table_of(rows))
    short = [row for row in rows if row.verdict == "FALLS SHORT"]
    say(f"\n{len([row for row in rows if row.verdict == 'holds'])} goals hold, {len(short)} fall short.")
    return 0


def rows_of(small, large) -> Iterator:  # type: ignore[no-untyped-def]
    from tests.bench import files, pages, worklists
    from tests.bench.measuring import Row

    yield from worklists.flat_rows(small, large)
    yield from worklists.compared_rows(large)
    yield from files.file_rows(small, large)
    yield from files.search_rows(large)
    yield from files.matching_rows(small, large)
    yield from files.scoring_rows(large)
    statements = pages.statements_of_page(large)
    most = pages.QUERIES_AT_MOST
    yield Row("worklist page, whole: statements", len(statements), "the most there may be", most, at_most=1, unit="")
    yield from pages.page_rows(small, large)


def print_plans(large) -> None:  # type: ignore[no-untyped-def]
    from tests.bench import files, pages, worklists
    from tests.bench.measuring import plan_of, say

    large.database.use()
    for who in (*worklists.MEASURED, "three_groups"):
        say(f"\nThe worklist of {who}")
        plan_of(partial(worklists.page_of, large, who))
    say("\nThe search of the 0.1 % agency")
    plan_of(partial(files.searched, large, "thousandth"))
    say("\nThe statements of the worklist page")
    for statement in pages.statements_of_page(large):
        say(f"  {statement[:160]}")


if __name__ == "__main__":
    raise SystemExit(main())
