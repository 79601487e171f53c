"""Files that stand in the place of the machine's own in /etc, for the programs of one namespace only.

`ip netns exec NAME` lays what is in /etc/netns/NAME over /etc (ip-netns(8)).
"""

import shutil
from pathlib import Path

ROOT = Path("/etc/netns")


class PrivateEtc:
    """What the programs of one namespace find in /etc in place of the machine's own."""

    def __init__(self, namespace):
        self._directory = ROOT / namespace.name
        self._directory.mkdir(parents=True)
        # A name that hosts does not know is refused at once: nobody listens on this loopback.
        self._directory.joinpath("resolv.conf").write_text("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
        self.name({})

    def name(self, addresses):
        """Gives host names their addresses: {"broker.test": ["203.0.113.1", …]}."""
        lines = ["127.0.0.1 localhost", "::1 localhost"]
        lines += [f"{address} {name}" for name, several in addresses.items() for address in several]
        self._directory.joinpath("hosts").write_text("\n".join(lines) + "\n")

    def believe(self, authority):
        """Has the namespace's programs believe a test's authority beside those of the system."""
        place = self._directory / "ssl"
        shutil.copytree("/etc/ssl", place, symlinks=True, ignore=shutil.ignore_patterns("certs", "private"))
        place.joinpath("certs").mkdir()
        place.joinpath("certs", "ca-certificates.crt").write_text(authority.bundle())

    def remove(self):
        forget(self._directory.name)


def forget(name):
    shutil.rmtree(ROOT / name, ignore_errors=True)
