"""Who allocates, takes locks and waits for others in a running program: by thread and by the library that does it."""

import asyncio
import collections
import json
import subprocess
from pathlib import Path


class Witness:
    """Watches one program, which has to be started with its `environment`."""

    def __init__(self, directory):
        library = Path(directory) / "witness.so"
        if not library.exists():
            source = Path(__file__).with_suffix(".c")
            subprocess.run(["clang", "-shared", "-fPIC", "-O2", "-Wall", "-o", library, source], check=True)
        self._path = Path(directory) / "witness.json"
        self._path.unlink(missing_ok=True)
        self.environment = {"LD_PRELOAD": str(library), "WITNESS": str(self._path)}

    async def counts(self):
        """All so far: {(thread, "allocates" | "locks" | "waits", library): count}."""
        # It writes ten times a second; what it was writing when asked is not new enough.
        for _ in range(2):
            last = self._written()
            while self._written() == last:
                await asyncio.sleep(0.02)
        counts = collections.Counter()
        for entry in json.loads(self._path.read_text()):
            counts[entry["thread"], entry["does"], entry["library"]] += entry["count"]
        return counts

    def _written(self):
        return self._path.stat().st_mtime_ns if self._path.exists() else None

    async def since(self, before):
        """What came since `before`."""
        return await self.counts() - before
