"""A small internet for one test: a core that routes, a server with public addresses, and sites behind routers.

                             203.0.113.1  2001:db8::1
                                     server
                                        |
    doctor — [line] — router ———————— core ———————— router — [line] — patient
    10.1.1.2    192.0.2.2 or 10.1.1.1       198.51.100.10            10.1.2.2

Every site has one machine, its `host`, and one uplink at a time; `move` gives it another. Between the two an
impaired site has a line that carries frames as badly as it is told. The core forgets what goes to private
addresses, so nobody is told that they do not exist.
"""

import itertools
import os
import signal
import sys
from collections import namedtuple
from pathlib import Path

from . import routers
from .impairment import write_settings
from .network import Namespace, ip
from .private_etc import PrivateEtc
from .processes import Process

NAME = "broker.test"
SERVER_IPV4 = "203.0.113.1"
#: The server's other address, for asking what a router makes of another destination.
SERVER_SECOND_IPV4 = "203.0.113.2"
SERVER_IPV6 = "2001:db8::1"

_numbers = itertools.count()


class Internet:
    """Builds itself when made and is gone when the test ends.

    `sites` are kinds of router by the name of the site: `Internet(laboratory, doctor="cone", patient="symmetric")`;
    those named in `impaired` have a line, which carries nothing before its first `impair`. A site is an attribute:
    `internet.patient`.
    """

    def __init__(self, laboratory, *, impaired=(), **sites):
        self._laboratory = laboratory
        self._tag = f"colloque-{os.getpid()}-{next(_numbers)}"
        self._uplinks = itertools.count(1)
        self.core = self.namespace("core", forwards=True)
        for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"):
            ip("-n", self.core.name, "route", "add", "blackhole", network)
        self.server = self.namespace("server")
        join(self.core, "server", ["203.0.113.254/24", "2001:db8::fe/64"],
             self.server, "wire", [f"{SERVER_IPV4}/24", f"{SERVER_SECOND_IPV4}/24", f"{SERVER_IPV6}/64"])
        lead(self.server, "203.0.113.254", "2001:db8::fe")
        self.server_etc = self.etc_of(self.server)
        self.server_etc.name({NAME: [SERVER_IPV4, SERVER_IPV6]})
        self.sites = {name: Site(self, laboratory, name, kind, name in impaired) for name, kind in sites.items()}

    def __getattr__(self, name):
        try:
            return self.__dict__["sites"][name]
        except KeyError:
            raise AttributeError(name) from None

    def namespace(self, role, *, forwards=False):
        """One more namespace, removed when the test ends."""
        made = Namespace(f"{self._tag}-{role}", ipv6=True)
        self._laboratory.stack.callback(made.remove)
        if forwards:
            made.set("ipv4/ip_forward", 1)
            made.set("ipv6/conf/all/forwarding", 1)
        return made

    def etc_of(self, namespace):
        """The namespace's own /etc, removed with it."""
        made = PrivateEtc(namespace)
        self._laboratory.stack.callback(made.remove)
        return made

    def uplink(self, kind):
        """A router of one kind at the core, nobody inside yet."""
        return Uplink(self, next(self._uplinks), kind)

    def believe(self, authority):
        """Has the native ends of every site believe an authority; browsers are told not to ask."""
        for site in self.sites.values():
            site.etc.believe(authority)


class Uplink:
    """One router between the core and a site."""

    def __init__(self, internet, number, kind):
        self.kind = kind
        self.plan = plan(number, kind)
        self.router = internet.namespace(f"router{number}", forwards=True)
        join(internet.core, f"up{number}", [self.plan.core], self.router, "outside", [self.plan.outside])
        lead(self.router, bare(self.plan.core))
        if self.plan.routed:
            ip("-n", internet.core.name, "route", "add", self.plan.routed, "via", bare(self.plan.outside))
        routers.install(self.router, kind, self.address)

    @property
    def address(self):
        """The machine's own address."""
        return bare(self.plan.machine)

    @property
    def public_address(self):
        """What the rest of the internet sees the machine as."""
        return bare(self.plan.machine if self.plan.routed else self.plan.outside)


#: Addresses with their prefix from the core inwards; `routed` is the network that the core sends here, None when
#: the machine is hidden behind its router.
Plan = namedtuple("Plan", "core outside gateway machine routed")


def plan(number, kind):
    """Addresses of one uplink, unlike those of any other number."""
    does = routers.KINDS[kind]
    if does.ipv6:
        outer, inner = f"2001:db8:f:{number}:", f"2001:db8:{number}:"
        return Plan(f"{outer}:1/64", f"{outer}:2/64", f"{inner}:1/64", f"{inner}:2/64", f"{inner}:/64")
    first = 8 * number
    core, outside = f"198.51.100.{first + 1}/29", f"198.51.100.{first + 2}/29"
    if does.mapping:
        return Plan(core, outside, f"10.1.{number}.1/24", f"10.1.{number}.2/24", None)
    return Plan(core, outside, f"192.0.2.{first + 1}/29", f"192.0.2.{first + 2}/29", f"192.0.2.{first}/29")


class Site:
    """One machine behind one router at a time."""

    def __init__(self, internet, laboratory, name, kind, impaired):
        self._internet = internet
        self._laboratory = laboratory
        self._settings = laboratory.file(f"{name}-line.json")
        self._line = None
        self._carrier = None
        #: The namespace that the site's programs run in.
        self.host = internet.namespace(name)
        self.etc = internet.etc_of(self.host)
        if impaired:
            self._line = internet.namespace(f"{name}-line")
        self._settle(internet.uplink(kind), "wlan0", has_line=impaired)

    def _settle(self, uplink, interface, *, has_line=False):
        self.uplink, self.interface = uplink, interface
        machine = (self.host, interface, [uplink.plan.machine])
        router = (uplink.router, "inside", [uplink.plan.gateway])
        if has_line:
            join(*machine, self._line, "left", [], plain=True)
            join(self._line, "right", [], *router, plain=True)
        else:
            join(*machine, *router)
        lead(self.host, bare(uplink.plan.gateway))
        self.etc.name({NAME: [self.server_address]})

    @property
    def kind(self):
        return self.uplink.kind

    @property
    def server_address(self):
        """The server's address as this site can reach it."""
        return SERVER_IPV6 if ":" in self.uplink.address else SERVER_IPV4

    @property
    def chromium_flags(self):
        """What Chromium needs here; its WebRTC looks for names with a final dot, which a hosts file cannot hold."""
        place = f"[{self.server_address}]" if ":" in self.server_address else self.server_address
        return [
            f"--host-resolver-rules=MAP {NAME} {place}, MAP {NAME}. {place}",
            "--ignore-certificate-errors",
        ]

    # -- what befalls it

    def block_udp(self):
        """No UDP crosses the router any more, not even of what flows already."""
        routers.close_gate(self.uplink.router, "meta l4proto udp")

    def cut(self):
        """Nothing crosses the router any more; nobody is told."""
        routers.close_gate(self.uplink.router)

    def restore(self):
        """Undoes `block_udp` and `cut`."""
        routers.open_gate(self.uplink.router)

    def move(self, kind="cone"):
        """From Wi-Fi to the mobile network: the old interface is gone, a new one has another address and router."""
        old, new = self.uplink, self._internet.uplink(kind)
        # What comes for the old address finds nobody and tells nobody.
        routers.close_gate(old.router)
        ip("-n", self.host.name, "link", "del", self.interface)
        self._settle(new, "wwan0" if self.interface == "wlan0" else "wlan0")

    async def impair(self, **settings):
        """Carries the line's frames with these `impairment.Settings`, from now on; the rest as it is by default."""
        write_settings(self._settings, **settings)
        if self._carrier is None:
            self._carrier = await self._laboratory.started(await Process.start(
                [sys.executable, Path(__file__).with_name("impairment.py"), "left", "right", self._settings],
                name=f"line-{self.host.name}", namespace=self._line,
            ))
            await self._carrier.line("^carrying$")
        else:
            self._carrier.send(signal.SIGHUP)


def join(left, left_name, left_addresses, right, right_name, right_addresses, *, plain=False):
    """A cable between two namespaces. `plain`: frames on it are complete, one for each packet, for who reads them."""
    ip("link", "add", left_name, "netns", left.name, "type", "veth", "peer", "name", right_name, "netns", right.name)
    # An end that came up alone learns of the other within a second, and IPv6 waits for it; one that comes up second
    # knows at once. So the first one comes up again.
    for namespace, name, state in ((right, right_name, "up"), (left, left_name, "up"), (right, right_name, "down"),
                                   (right, right_name, "up")):
        ip("-n", namespace.name, "link", "set", name, state)
    for namespace, name, addresses in ((left, left_name, left_addresses), (right, right_name, right_addresses)):
        for address in addresses:
            ip("-n", namespace.name, "addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
        if plain:
            namespace.without_offloads(name)


def lead(namespace, *gateways):
    """Sends everything that is not next door to the gateways, one for each family."""
    for gateway in gateways:
        family = "-6" if ":" in gateway else "-4"
        ip("-n", namespace.name, family, "route", "replace", "default", "via", gateway)


def bare(address):
    """An address without its prefix length."""
    return address.split("/")[0]
