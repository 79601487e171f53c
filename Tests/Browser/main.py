"""Finds the suites in Tests/Browser and Tests/EndToEnd and runs them."""

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE, HERE.parent / "EndToEnd")
#: Suites in the order they run: what the others stand on comes first.
ORDER = (
    "laboratory", "internet", "terminal", "sound", "commands", "shells", "keystore", "handout", "verification",
    "native", "load", "seat", "check", "limits", "blindness", "browser", "page", "turns", "return", "first", "privacy",
    "listener", "redundancy", "letters", "budget",
    "demo", "networks", "survival", "screenshots",
)

#: Suites that wait more than they work, and hold nothing against less than seconds: two lanes may run at a time. The
#: others want the machine to themselves.
LANES = {
    "patient": ("page", "turns", "return", "demo", "networks"),
    "doctor": (
        "terminal", "commands", "shells", "keystore", "handout", "verification", "language", "letters", "seat", "check",
        "relay", "blindness", "internet", "laboratory",
    ),
}
ALONE = "alone"


def suites_of(lane, found):
    shared = {suite for suites in LANES.values() for suite in suites}
    return sorted(found - shared) if lane == ALONE else list(LANES[lane])


def main():
    arguments = argparse.ArgumentParser(prog="Tests/Browser/run")
    arguments.add_argument("suites", nargs="*", help="suites to run (all but screenshots)")
    arguments.add_argument("--lane", choices=[*LANES, ALONE], help="the suites of one lane, for running lanes together")
    arguments.add_argument("--only", metavar="TEXT", help="tests whose name contains TEXT")
    arguments.add_argument("--all", action="store_true", help="the long tests too: some 40 minutes more")
    arguments.add_argument("--list", action="store_true", help="name the tests instead of running them")
    arguments.add_argument("--table", metavar="FILE", type=Path, help="write what the suite measured as Markdown")
    given = arguments.parse_args()
    if given.table and len(given.suites) != 1:
        arguments.error("--table takes one suite")

    sys.path[:0] = [str(folder) for folder in FOLDERS]
    found = {path.stem.removesuffix("_tests") for folder in FOLDERS for path in folder.glob("*_tests.py")}
    unknown = set(given.suites) - found
    if unknown:
        arguments.error(f"no suite {', '.join(sorted(unknown))}: there are {', '.join(sorted(found))}")
    found -= {"screenshots"} - set(given.suites)
    wanted = given.suites or (suites_of(given.lane, found) if given.lane else sorted(found))
    loaded = [
        importlib.import_module(f"{suite}_tests")
        for suite in sorted(wanted, key=lambda name: (ORDER + (name,)).index(name))
    ]
    if given.table and not hasattr(loaded[0], "document"):
        arguments.error(f"the suite {given.suites[0]} measures nothing")

    from laboratory import runner

    code = runner.main(wanted, only=given.only, listing=given.list, every=given.all or given.table is not None)
    if given.table and code == 0:
        given.table.write_text(loaded[0].document())
    sys.exit(code)


if __name__ == "__main__":
    main()
