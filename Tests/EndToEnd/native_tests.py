"""Two native ends, a doctor's bridge and a patient's, through a broker."""

import asyncio
import signal
from pathlib import Path

from laboratory import sound
from laboratory.colloque import Bridge, Broker, Doctor, completed, digits_of, words_of
from laboratory.processes import Process
from laboratory.runner import needs_strace, test


@test("Two bridges hear each other's recorded speech and agree on words and digits", limit=60)
async def speech_both_ways(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    doctor_speech = sound.speech("doctor", laboratory.directory)
    patient_speech = sound.speech("patient", laboratory.directory)
    at_doctor = await doctor.bridge(session, play=doctor_speech, seconds=8)
    at_patient = await Bridge.patient(laboratory, session["link"], play=patient_speech)
    doctor_report, patient_report = await asyncio.gather(at_doctor.report(), at_patient.report())
    completed(doctor_report, "doctor")
    completed(patient_report, "patient")
    assert words_of(doctor_report) == words_of(patient_report), (doctor_report, patient_report)
    assert digits_of(doctor_report) == digits_of(patient_report), (doctor_report, patient_report)
    assert len(words_of(doctor_report).split()) == 4 and len(digits_of(doctor_report)) == 8, doctor_report
    sound.repeats(at_doctor.recording, patient_speech, "the doctor", seconds=5)
    sound.repeats(at_patient.recording, doctor_speech, "the patient", seconds=5)
    for report in (doctor_report, patient_report):
        assert report["audio"]["lost"] == 0, report["audio"]


@test("A tone goes in and comes back from an echo", limit=60)
async def echo(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    await doctor.bridge(session, play="echo")
    patient = await Bridge.patient(laboratory, session["link"], play="tone:440", seconds=6)
    completed(await patient.report(), "patient")
    hertz, share = sound.tone(patient.recording, skip=2)
    assert abs(hertz - 440) < 3 and share > 0.8, (hertz, share)


@test("A patient who comes before the doctor waits and is heard", limit=60)
async def patient_first(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    at_patient = await Bridge.patient(laboratory, session["link"], play="tone:700")
    await asyncio.sleep(2)
    at_doctor = await doctor.bridge(session, play="tone:500", seconds=4)
    completed(await at_doctor.report(), "doctor")
    completed(await at_patient.report(), "patient")
    assert abs(sound.tone(at_doctor.recording)[0] - 700) < 3
    assert abs(sound.tone(at_patient.recording)[0] - 500) < 3


@test("An end that is told to stop says goodbye first, also where its words leave slowly", limit=60, needs=[needs_strace])
async def told_to_stop(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    doctor_sound = sound.melody(laboratory.directory, seconds=30, seed=1)
    patient_sound = sound.melody(laboratory.directory, seconds=30, seed=2)
    at_doctor = await doctor.bridge(session, play=doctor_sound)
    at_patient = await Bridge.patient(laboratory, session["link"], play=patient_sound)
    # Not before there is sound: without any it is no call.
    await at_doctor.has_heard(patient_sound, seconds=0.5)
    await at_patient.has_heard(doctor_sound, seconds=0.5)
    pid = at_patient.process.child.pid
    threads = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()
               if (task / "comm").read_text().startswith("NIO")]
    assert threads, "no thread of the network library is known by its name"
    # What the threads of the WebSocket write is held up for 100 ms each.
    slow = await laboratory.started(await Process.start(
        ["strace", *(f"--attach={thread}" for thread in threads), "--trace=write,writev,sendmsg,sendto",
         "--inject=write,writev,sendmsg,sendto:delay_enter=100ms"], name="strace"))
    await slow.line("attached")
    at_patient.process.send(signal.SIGTERM)
    for who, end, reason in (("patient", at_patient, "hung-up"), ("doctor", at_doctor, "peer-hung-up")):
        report = await end.report(timeout=10)
        completed(report, who)
        assert report["reason"] == reason, report


@test("The broker is killed in mid-call: sound goes on, and both ends resume when it returns", limit=90,
      long=True)
async def broker_killed(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    doctor_sound = sound.melody(laboratory.directory, seconds=60, seed=1)  # A bridge plays a file once.
    patient_sound = sound.melody(laboratory.directory, seconds=60, seed=2)
    at_doctor = await doctor.bridge(session, play=doctor_sound, seconds=26)
    at_patient = await Bridge.patient(laboratory, session["link"], play=patient_sound)
    await asyncio.sleep(6)
    await broker.kill()
    await asyncio.sleep(4)
    await broker.start()
    doctor_report, patient_report = await asyncio.gather(at_doctor.report(), at_patient.report())
    for who, report, bridge in (("doctor", doctor_report, at_doctor), ("patient", patient_report, at_patient)):
        completed(report, who)
        assert report["restarts"] >= 1, f"{who} did not resume: {report}"
        stops = sound.gaps(bridge.recording, level=0.01, shortest=0.1)
        assert not stops, f"the {who} heard silences (start, length): {stops}"
        assert sound.duration(bridge.recording) > 20, f"{who} recorded {sound.duration(bridge.recording):.0f} s"


@test("Words that differ end the call at once on both ends", limit=60)
async def words_differ(laboratory):
    broker = await Broker(laboratory).start()
    doctor = await Doctor(laboratory, broker).settle()
    session = await doctor.session()
    at_doctor = await doctor.bridge(session, play="tone:500", words="different", seconds=20)
    at_patient = await Bridge.patient(laboratory, session["link"], play="tone:700", words="none")
    doctor_report, patient_report = await asyncio.gather(at_doctor.report(), at_patient.report())
    assert doctor_report["outcome"] != "completed" or doctor_report["security"]["wordsResult"] == "different", doctor_report
    assert patient_report["exit"] != 0, patient_report
