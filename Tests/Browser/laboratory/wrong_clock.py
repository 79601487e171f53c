"""A device whose date is wrong: what a program reads of the time of day is shifted before the program sees it."""

import subprocess
from pathlib import Path


def environment(directory, *, days):
    """What a program must be started with to believe that it is `days` later than it is."""
    library = Path(directory) / "wrong_clock.so"
    if not library.exists():
        source = Path(__file__).with_suffix(".c")
        subprocess.run(["clang", "-shared", "-fPIC", "-O2", "-o", library, source], check=True)
    return {"LD_PRELOAD": str(library), "WRONG_CLOCK": str(days * 86_400)}
