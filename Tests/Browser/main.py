"""Finds the suites in Tests/Browser and Tests/EndToEnd and runs them."""

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDERS = (HERE, HERE.parent / "EndToEnd")
#: Suites in the order they run: what the others stand on comes first.
ORDER = (
    "laboratory", "internet", "commands", "native", "blindness", "browser", "demo", "networks", "survival", "screenshots",
)


def main():
    arguments = argparse.ArgumentParser(prog="Tests/Browser/run")
    arguments.add_argument("suites", nargs="*", help="suites to run (all but screenshots)")
    arguments.add_argument("--only", metavar="TEXT", help="tests whose name contains TEXT")
    arguments.add_argument("--list", action="store_true", help="name the tests instead of running them")
    given = arguments.parse_args()

    sys.path[:0] = [str(folder) for folder in FOLDERS]
    found = {path.stem.removesuffix("_tests") for folder in FOLDERS for path in folder.glob("*_tests.py")}
    unknown = set(given.suites) - found
    if unknown:
        arguments.error(f"no suite {', '.join(sorted(unknown))}: there are {', '.join(sorted(found))}")
    wanted = given.suites or sorted(found - {"screenshots"})
    for suite in sorted(wanted, key=lambda name: (ORDER + (name,)).index(name)):
        importlib.import_module(f"{suite}_tests")

    from laboratory import runner

    sys.exit(runner.main(wanted, only=given.only, listing=given.list))


if __name__ == "__main__":
    main()
