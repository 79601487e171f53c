"""Counts what leaves a namespace towards given networks: the proof that nothing was sent there."""

import ipaddress
import json
import subprocess

from .routers import nft


class Tally:
    """Packets that leave `namespace`, by the network they go to; loopback counts too.

    `towards` names what is counted: {"private": ["10.0.0.0/8", "fc00::/7"], …}. A packet that several names match
    is counted for each of them, before routing may still drop it. Only `protocols`, UDP and TCP: the kernel has words
    of its own with its neighbours.
    """

    def __init__(self, namespace, towards, protocols=("tcp", "udp")):
        self._namespace = namespace
        rules = ["table inet tally {"]
        rules += [f"counter {_counter(name)} {{ }}" for name in towards]
        rules.append("chain leaving { type filter hook output priority raw;")
        for name, networks in towards.items():
            for network in networks:
                family = "ip6" if ipaddress.ip_network(network).version == 6 else "ip"
                rules.append(f"meta l4proto {{ {', '.join(protocols)} }} {family} daddr {network} counter name {_counter(name)}")
        nft(namespace, "\n".join([*rules, "}", "}"]))
        self._names = {_counter(name): name for name in towards}

    def packets(self):
        """{name: packets so far}."""
        return self._counted("packets")

    def octets(self):
        """{name: octets so far}, headers of IP included."""
        return self._counted("bytes")

    def remove(self):
        nft(self._namespace, "delete table inet tally")

    def _counted(self, what):
        listed = subprocess.run(
            self._namespace.command(["nft", "-j", "list", "counters", "table", "inet", "tally"]),
            capture_output=True, text=True, check=True,
        )
        return {
            self._names[entry["counter"]["name"]]: entry["counter"][what]
            for entry in json.loads(listed.stdout)["nftables"] if "counter" in entry
        }


def _counter(name):
    return "to_" + "".join(letter if letter.isalnum() else "_" for letter in name)
