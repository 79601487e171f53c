"""The routers that calls have to cross, as nftables rules.

Behaviours carry the names of RFC 4787. Every router with IPv4 translates addresses but `none`; every router drops
what nobody inside asked for, silently, as those of real sites do.
"""

import subprocess
from collections import namedtuple

#: What a router does. `filtering` says whose answers come in: "address" (any port of a host that was sent to) or
#: "port" (only the very port). `leaves` is an nftables match on what may leave; None lets everything leave.
Kind = namedtuple("Kind", "mapping filtering leaves ipv6", defaults=("port", None, False))

KINDS = {
    # Endpoint-independent mapping: one inner port is one outer port, whoever is spoken to.
    "cone": Kind("endpoint-independent", filtering="address"),
    "restricted": Kind("endpoint-independent"),
    # Address- and port-dependent mapping: another outer port for every destination.
    "symmetric": Kind("dependent"),
    "udp-blocked": Kind("endpoint-independent", leaves="meta l4proto tcp"),
    "only-443": Kind("endpoint-independent", leaves="tcp dport 443"),
    # A stateful firewall and no translation; the site has no IPv4 at all.
    "ipv6-only": Kind(None, ipv6=True),
    # Public addresses and no firewall.
    "none": Kind(None),
}


def install(router, kind, inner_host):
    """Makes the namespace `router`, with its interfaces `inside` and `outside`, a router of one kind.

    Ports of `inner_host`, the one machine of the site, are outer ports too when the mapping is
    endpoint-independent: Linux keeps a port that is free, and nobody else takes any here.
    """
    does = KINDS[kind]
    rules = ["table inet site {", "chain gate { }"]
    if does.filtering == "address" and does.mapping:
        # Who may answer to which outer port. Connection tracking alone would ask for the same remote port too.
        rules.append("set asked { type ipv4_addr . inet_service; flags dynamic, timeout; timeout 2m; }")
        rules.append(
            "chain arriving { type nat hook prerouting priority dstnat;"
            f' iifname "outside" ip saddr . udp dport @asked dnat ip to {inner_host}; }}'
        )
    if does.mapping:
        how = "masquerade fully-random" if does.mapping == "dependent" else "masquerade"
        rules.append(
            f'chain leaving {{ type nat hook postrouting priority srcnat; oifname "outside" meta nfproto ipv4 {how}; }}'
        )
        # A packet that came too early and was let in would occupy the mapping that its own answer needs.
        rules.append(
            "chain unasked { type filter hook input priority filter;"
            ' iifname "outside" meta l4proto { tcp, udp } drop; }'
        )
    rules.append("chain crossing {")
    open_to_all = does.mapping is None and not does.ipv6
    rules.append(f"type filter hook forward priority filter; policy {'accept' if open_to_all else 'drop'};")
    rules.append("jump gate")
    if not open_to_all:
        if does.filtering == "address" and does.mapping:
            rules.append('iifname "inside" meta l4proto udp update @asked { ip daddr . udp sport }')
            rules.append("ct status dnat accept")
        rules.append("ct state established, related accept")
        rules.append(f'iifname "inside" {does.leaves or ""} accept')
    rules += ["}", "}"]
    nft(router, "\n".join(rules))


def close_gate(router, match=""):
    """Drops what matches from now on, also of connections that exist."""
    nft(router, f"add rule inet site gate {match} drop")


def open_gate(router):
    nft(router, "flush chain inet site gate")


def nft(namespace, rules):
    """Runs nftables statements in a namespace; what it objects to becomes an OSError."""
    done = subprocess.run(namespace.command(["nft", "-f", "-"]), input=rules, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"nft in {namespace.name}: {done.stderr.strip()}\n{rules}")
