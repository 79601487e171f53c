#!/usr/bin/env python3
"""Three implementations of the handshake against each other: all nine pairs of initiator and responder.

    Tests/Interop/noise_pairs.py [--sessions N] [--seed N] [--swift PATH] [--node PATH] [--only swift,node,python]

`swift` is the product's own channel (the executable interop-peer), `node` the page's modules under Node, `python`
the package noiseprotocol 0.3.1. Each session draws its prologue, keys and payloads from a seed that is printed;
only the ephemeral keys are the peers' own. Both ends must report the same handshake hash, the same two keys and
the payload that the other sent; then one session a pair is damaged in each message and must be refused by name.

The peers speak JSON lines, see Sources/InteropPeer/main.swift and Web/tools/noise-peer.mjs. Exit status: 0 all agree, 1 not, 69 a peer is missing.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NAME = b"Noise_NKpsk0_25519_AESGCM_SHA256"


# --- The Python peer -------------------------------------------------------------------------------------------------

def python_session(command):
    from noise.connection import Keypair, NoiseConnection

    noise = NoiseConnection.from_name(NAME)
    noise.set_prologue(bytes.fromhex(command["prologue"]))
    noise.set_psks(bytes.fromhex(command["psk"]))
    if command["op"] == "initiate":
        noise.set_as_initiator()
        noise.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, bytes.fromhex(command["rs"]))
        noise.start_handshake()
        answer({"message1": noise.write_message(bytes.fromhex(command["payload1"])).hex()})
        facts = {"payload2": noise.read_message(bytes.fromhex(ask()["message2"])).hex()}
        sending, receiving = "k_i2r", "k_r2i"
    else:
        noise.set_as_responder()
        noise.set_keypair_from_private_bytes(Keypair.STATIC, bytes.fromhex(command["s"]))
        noise.start_handshake()
        facts = {"payload1": noise.read_message(bytes.fromhex(ask()["message1"])).hex()}
        facts["message2"] = noise.write_message(bytes.fromhex(command["payload2"])).hex()
        sending, receiving = "k_r2i", "k_i2r"
    protocol = noise.noise_protocol
    facts["h"] = noise.get_handshake_hash().hex()
    facts[sending] = protocol.cipher_state_encrypt.k.hex()
    facts[receiving] = protocol.cipher_state_decrypt.k.hex()
    answer(facts)


def ask():
    return json.loads(sys.stdin.readline())


def answer(line):
    print(json.dumps(line), flush=True)


def python_peer():
    while line := sys.stdin.readline():
        try:
            python_session(json.loads(line))
        except Exception as error:  # whatever the library throws is its way of refusing
            answer({"error": type(error).__name__})


# --- The sessions ----------------------------------------------------------------------------------------------------

class Peer:
    """A process that speaks JSON lines."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    def receive(self):
        text = self.process.stdout.readline()
        if not text:
            raise Disagreement(f"{self.name} ended with status {self.process.wait()}")
        return json.loads(text)

    def close(self):
        self.process.stdin.close()
        return self.process.wait(timeout=10)


class PagePeer(Peer):
    """The page's peer, whose lines are its own (Web/tools/noise-peer.mjs)."""

    def __init__(self, name, command):
        super().__init__(name, command)
        self.command = {}

    def send(self, line):
        if line.get("op") == "initiate":
            super().send({
                "command": "initiate", "prologue": line["prologue"], "psk": line["psk"], "remoteStatic": line["rs"],
                "payload": line["payload1"],
            })
        elif line.get("op") == "respond":
            self.command = {
                "command": "respond", "prologue": line["prologue"], "psk": line["psk"], "static": line["s"],
                "payload": line["payload2"],
            }
        elif "message1" in line:
            super().send({**self.command, "message": line["message1"]})
        else:
            super().send({"command": "finish", "message": line["message2"]})

    def receive(self):
        line = super().receive()
        if "error" in line:
            return line
        if "hash" not in line:
            return {"message1": line["message"]}
        facts = {"h": line["hash"], "k_i2r": line["keys"][0], "k_r2i": line["keys"][1]}
        if "received" in line:
            return {**facts, "payload1": line["received"], "message2": line["message"]}
        return {**facts, "payload2": line["payload"]}


class Disagreement(Exception):
    pass


def x25519_public(private):
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def parameters(numbers):
    """Half of the sessions have the protocol's payload sizes, the other any."""
    lengths = (64, 256) if numbers.random() < 0.5 else (numbers.randrange(2000), numbers.randrange(2000))
    return {
        "prologue": numbers.randbytes(numbers.randrange(200)).hex(), "psk": numbers.randbytes(32).hex(),
        "payload1": numbers.randbytes(lengths[0]).hex(), "payload2": numbers.randbytes(lengths[1]).hex(),
    }


def start(initiator, responder, numbers):
    common, private = parameters(numbers), numbers.randbytes(32)
    initiator.send({"op": "initiate", "rs": x25519_public(private).hex(), **common})
    responder.send({"op": "respond", "s": private.hex(), **common})
    first = initiator.receive()
    if "error" in first:
        raise Disagreement(f"{initiator.name} wrote no message 1: {first}")
    return common, first["message1"]


def agree(initiator, responder, numbers):
    common, message1 = start(initiator, responder, numbers)
    responder.send({"message1": message1})
    right = responder.receive()
    if "error" in right:
        raise Disagreement(f"{responder.name} refused {initiator.name}'s message 1: {right}")
    initiator.send({"message2": right["message2"]})
    left = initiator.receive()
    for fact in ("h", "k_i2r", "k_r2i"):
        if left.get(fact) != right[fact]:
            raise Disagreement(f"{fact}: {initiator.name} {left}, {responder.name} {right}")
    if right["payload1"] != common["payload1"] or left["payload2"] != common["payload2"]:
        raise Disagreement(f"payloads between {initiator.name} and {responder.name}")


def flipped(message, numbers):
    octets = bytearray.fromhex(message)
    octets[numbers.randrange(len(octets))] ^= 1 << numbers.randrange(8)
    return octets.hex()


def refuse(initiator, responder, numbers):
    _, message1 = start(initiator, responder, numbers)
    responder.send({"message1": flipped(message1, numbers)})
    if "error" not in responder.receive():
        raise Disagreement(f"{responder.name} took a damaged message 1")
    initiator.send({"message2": message1})  # of no use to the initiator either: its session ends here
    if "error" not in initiator.receive():
        raise Disagreement(f"{initiator.name} took its own message back")
    _, message1 = start(initiator, responder, numbers)
    responder.send({"message1": message1})
    initiator.send({"message2": flipped(responder.receive()["message2"], numbers)})
    if "error" not in initiator.receive():
        raise Disagreement(f"{initiator.name} took a damaged message 2")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sessions", type=int, default=100, help="per pair (default 100)")
    options.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(48))
    options.add_argument("--swift", default=str(ROOT / ".build" / "debug" / "interop-peer"))
    options.add_argument("--node", default=str(ROOT / "Web" / "tools" / "noise-peer.mjs"))
    options.add_argument("--only", default="swift,node,python")
    options.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    arguments = options.parse_args()
    if arguments.peer:
        return python_peer()

    commands = {
        "swift": [arguments.swift], "node": ["node", arguments.node], "python": [sys.executable, __file__, "--peer"],
    }
    names = arguments.only.split(",")
    try:
        import noise.connection  # noqa: F401
    except ImportError:
        print("noiseprotocol is missing: pip install noiseprotocol==0.3.1", file=sys.stderr)
        return 69
    for name in names:
        if not pathlib.Path(commands[name][-1 if name == "node" else 0]).exists():
            print(f"{name} is missing: {commands[name]}", file=sys.stderr)
            return 69

    # A pair of one implementation needs two processes of it.
    kinds = {"node": PagePeer}
    initiators = {name: kinds.get(name, Peer)(name, commands[name]) for name in names}
    responders = {name: kinds.get(name, Peer)(name, commands[name]) for name in names}
    numbers = random.Random(arguments.seed)
    print(f"seed {arguments.seed}, {arguments.sessions} sessions a pair")
    status = 0
    try:
        for left in names:
            for right in names:
                began = time.monotonic()
                for _ in range(arguments.sessions):
                    agree(initiators[left], responders[right], numbers)
                refuse(initiators[left], responders[right], numbers)
                print(f"{left:>6} → {right:<6} equal in {arguments.sessions}, {time.monotonic() - began:.1f} s", flush=True)
    except Disagreement as disagreement:
        print(f"seed {arguments.seed}: {disagreement}", file=sys.stderr)
        status = 1
    for peer in [*initiators.values(), *responders.values()]:
        if peer.close() != 0 and status == 0:
            print(f"{peer.name} ended with status {peer.process.returncode}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
