"""`colloque check` across networks: what it says works works, and what it says is blocked is."""

import asyncio
import json

from laboratory import sound
from laboratory.colloque import DONE, TRY_AGAIN, UNREACHABLE, Broker, Doctor, PublicBroker, colloque, executable
from laboratory.internet import Internet
from laboratory.processes import run
from laboratory.runner import needs_namespaces, test


async def checked(doctor, broker, *, namespace=None):
    """(exit code, outcome of each check by its name, the document)."""
    code, output, errors = await colloque(
        "check", "--json", "--broker", broker.url, "--passphrase-file", doctor.passphrase, home=doctor.home,
        namespace=namespace, timeout=120)
    document = json.loads(output)
    outcomes = {one["name"]: one["outcome"] for one in document["checks"]}
    for one in document["checks"]:
        if one["outcome"] == "failed":
            assert one["problem"] and one["advice"], one
    assert document["faults"] == sum(outcome == "failed" for outcome in outcomes.values()), document
    return code, outcomes, document


NETWORK = ("stun", "relayUDP", "relayTCP", "relayTLS")


@test("Check, behind an ordinary router: broker, certificate, clock, page and every way to the relay", limit=120,
      needs=[needs_namespaces])
async def ordinary(laboratory):
    net = Internet(laboratory, doctor="cone", patient="cone")
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    _, outcomes, document = await checked(doctor, broker, namespace=net.doctor.host)
    for name in ("broker", "certificate", "clock", "page", *NETWORK):
        assert outcomes[name] == "passed", (name, document)


@test("Check, where only 443/tcp leaves: the relay over TLS works, the others are named with advice", limit=150,
      needs=[needs_namespaces])
async def only_443(laboratory):
    net = Internet(laboratory, doctor="only-443", patient="cone")
    broker = await PublicBroker(laboratory, net).start()
    doctor = await Doctor(laboratory, broker, namespace=net.doctor.host).settle()
    code, outcomes, document = await checked(doctor, broker, namespace=net.doctor.host)
    assert code == TRY_AGAIN, code
    assert outcomes["broker"] == outcomes["certificate"] == outcomes["relayTLS"] == "passed", document
    assert outcomes["stun"] == outcomes["relayUDP"] == outcomes["relayTCP"] == "failed", document


@test("Check, without a broker: 69, and what hangs on it is skipped", limit=60)
async def no_broker(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    await broker.kill()
    code, outcomes, document = await checked(doctor, broker)
    assert code == UNREACHABLE, code
    assert outcomes["broker"] == "failed" and all(outcomes[name] == "skipped" for name in NETWORK), document


@test("Check of the sound: a voice in the microphone passes, silence is named, and what was heard is played back", limit=60)
async def sound_only(laboratory):
    speakers = await laboratory.speakers()

    async def outcomes():
        code, output, errors = await run(
            [executable(), "check", "--sound-only", "--json", "--microphone", "pulse", "--loudspeaker", "pulse"],
            environment={**speakers.environment, "HOME": str(laboratory.directory), "LC_ALL": "en_US.UTF-8"}, timeout=30)
        document = json.loads(output)
        return code, {one["name"]: one["outcome"] for one in document["checks"]}, document

    code, found, document = await outcomes()
    assert code == TRY_AGAIN and found == {"microphone": "failed", "loudspeaker": "passed"}, document
    assert "silence" in document["checks"][0]["problem"], document
    tune = sound.melody(laboratory.directory, seconds=20, seed=5)
    player = await speakers.play_into_microphone(tune)
    laboratory.stack.push_async_callback(player.stop)
    heard = laboratory.file("heard.wav")
    recorder = await speakers.recorder(heard)
    code, found, document = await outcomes()
    assert code == DONE and set(found.values()) == {"passed"}, document
    await recorder.stop()
    sound.repeats(heard, tune, "the person", seconds=0.5)
