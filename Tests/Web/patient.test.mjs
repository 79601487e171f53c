import assert from 'node:assert/strict';
import { test } from 'node:test';
import { equal } from '../../Web/src/bytes.js';
import { World } from './support/world.mjs';

const connected = async (options) => {
  const world = await World.create(options);
  await world.callUp();
  assert.equal(world.state, 'connected', world.reason ?? '');
  return world;
};

test('a call goes from the waiting room to sound', async () => {
  const world = await World.create();
  await world.event({ type: 'start' });
  assert.equal(world.state, 'waiting');
  await world.run(500);
  assert.equal(world.state, 'admitted');
  assert.equal(world.patient.snapshot().message, 'Bonjour');
  assert.deepEqual(world.sound, { send: false, receive: false });
  await world.consent();
  await world.run(500);
  assert.equal(world.state, 'connected');
  assert.deepEqual(world.sound, { send: true, receive: true });
  assert.ok(world.doctor.bound);
  assert.ok(equal(world.patient.snapshot().words.octets, world.doctor.bond.words));
  assert.deepEqual(world.log, ['waiting', 'admitted', 'connecting', 'connected']);
  const order = world.doctor.received.map((frame) => frame.type).filter((type) => type !== 'keepalive');
  assert.deepEqual(order, ['confirm', 'consent', 'description', 'candidate', 'binding']);
});

test('nothing is gathered and no sound passes before the doctor admits and the patient consents', async () => {
  const world = await World.create();
  world.doctor.admits = false;
  await world.event({ type: 'start' });
  await world.run(30_000);
  assert.ok(!world.actions.some(({ type }) => type === 'make-offer' || type === 'sound'));
  await world.doctor.admit(world.doctor.connection);
  await world.run(1_000);
  assert.equal(world.state, 'admitted');
  assert.ok(!world.actions.some(({ type }) => type === 'make-offer' || type === 'sound'));
});

test('keep-alives go out every 25 s and silence is noticed after 60 s', async () => {
  const world = await World.create();
  world.doctor.admits = false;
  await world.event({ type: 'start' });
  await world.run(59_000);
  assert.equal(world.doctor.received.filter(({ type }) => type === 'keepalive').length, 2);
  await world.run(5_000);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'fresh'], 'not admitted yet: mode 1 is refused, then a fresh join');
  assert.equal(world.state, 'waiting');
});

test('a doctor who is away is waited for, and the epoch before is not reused', async () => {
  const world = await World.create();
  world.doctor.present = false;
  await world.event({ type: 'start' });
  await world.run(300_000);
  assert.equal(world.state, 'waiting');
  assert.equal(world.patient.snapshot().doctorPresent, false);
  world.doctor.admits = false;
  world.doctor.setPresent(world.socket.end, true);
  await world.run(1_000);
  assert.deepEqual(world.doctor.epochs, ['fresh']);
  world.doctor.setPresent(world.socket.end, false);
  await world.run(90_000);
  world.doctor.setPresent(world.socket.end, true);
  await world.run(1_000);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'fresh']);
  assert.equal(world.state, 'waiting');
});

test('sound survives the broker, and the channel comes back as a new epoch', async () => {
  const world = await connected();
  world.killBroker();
  await world.run(120_000);
  assert.equal(world.state, 'connected');
  assert.deepEqual(world.sound, { send: true, receive: true });
  world.broker = 'up';
  world.doctor.bound = false;
  await world.run(13_000);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'resume']);
  assert.equal(world.doctor.offers, 1, 'the path stands: no second offer');
  assert.equal(world.state, 'connected');
  await world.run(70_000);
});

test('attempts without sound are three, then the person is asked and can go on', async () => {
  const world = await World.create();
  world.broker = 'down';
  await world.event({ type: 'start' });
  await world.run(60_000);
  assert.equal(world.state, 'failed');
  assert.equal(world.reason, 'network');
  assert.equal(world.actions.filter(({ type }) => type === 'connect').length, 4);
  assert.equal(world.patient.nextAlarm(), null);
  world.broker = 'up';
  await world.event({ type: 'retry' });
  await world.run(1_000);
  assert.equal(world.state, 'admitted');
});

test('a page that was reloaded takes the call up again, words and all', async () => {
  const world = await connected();
  await world.event({ type: 'words', same: true });
  await world.run(100);
  const words = world.patient.snapshot().words;
  await world.reload();
  assert.equal(world.state, 'reconnecting');
  await world.run(1_000);
  assert.equal(world.state, 'connected');
  assert.deepEqual(world.patient.snapshot().words, words);
  assert.equal(world.patient.snapshot().ownComparison, 'same');
  assert.deepEqual(world.doctor.words, [true, true]);
  assert.equal(world.doctor.offerGeneration, 1);
});

test('what is stored has no secret of the link, and nothing is stored after the end', async () => {
  const world = await connected();
  const secret = Buffer.from(world.room.fragment, 'base64url').subarray(2, 18).toString('hex');
  assert.ok(!world.stored.includes(secret));
  assert.equal(JSON.parse(world.stored).invitation.joinToken, null);
  await world.event({ type: 'hang-up' });
  assert.equal(world.stored, null);
  assert.equal(world.state, 'ended');
  await world.run(5_000);
  assert.equal(world.doctor.received.at(-1).type, 'bye');
  assert.equal(world.patient.nextAlarm(), null);
});

test('the greeting goes with the join, and again where the doctor came later', async () => {
  const world = await World.create();
  world.doctor.admits = false;
  await world.event({ type: 'start' });
  await world.run(15);
  const sent = world.actions.filter(({ type }) => type === 'send').map(({ octets }) => octets[0]);
  assert.deepEqual(sent, [0x01, 0x10], 'before any word of the broker');
  for (const [later, sockets] of [[1_000, 2], [3_000, 1]]) {
    const other = await World.create();
    other.doctor.admits = false;
    other.doctor.present = false;
    await other.event({ type: 'start' });
    await other.run(later);
    other.doctor.setPresent(other.socket.end, true);
    await other.run(500);
    assert.deepEqual(other.doctor.epochs, ['fresh']);
    assert.equal(other.actions.filter(({ type }) => type === 'connect').length, sockets, `${later} ms later`);
  }
});

test('an admission whose message was lost is found again', async () => {
  const world = await World.create();
  world.doctor.forgetsAdmit = true;
  await world.event({ type: 'start' });
  await world.run(2_500);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'resume']);
  assert.equal(world.state, 'admitted');
});

test('different words end the call on both sides', async () => {
  const world = await connected();
  await world.event({ type: 'words', same: false });
  assert.equal(world.state, 'failed');
  assert.equal(world.reason, 'words-differ');
  await world.run(100);
  assert.deepEqual(world.doctor.received.slice(-2), [{ type: 'words', same: false }, { type: 'bye', reason: 1 }]);
  assert.equal(world.stored, null);
});

test('a wrong certificate ends the call and no sound ever passed', async () => {
  const world = await World.create();
  world.doctor.sees = new Uint8Array(32).fill(3);
  await world.callUp();
  assert.equal(world.state, 'failed');
  assert.equal(world.reason, 'binding-failed');
  assert.ok(!world.actions.some((action) => action.type === 'sound' && (action.send || action.receive)));
  assert.deepEqual(world.doctor.received.at(-1), { type: 'bye', reason: 2 });
});

test('a missing proof of the certificates is asked for again, not believed', async () => {
  const world = await World.create();
  world.doctor.binds = false;
  await world.callUp();
  assert.equal(world.state, 'connecting');
  await world.run(7_000);
  assert.deepEqual(world.sound, { send: false, receive: false });
  assert.ok(world.doctor.epochs.length > 1);
  world.doctor.binds = true;
  world.doctor.bound = true;
  await world.run(30_000);
  assert.equal(world.state, 'connected');
});

test('a tag that came before the answer is forgotten', async () => {
  const world = await World.create();
  world.doctor.staleTag = true;
  await world.callUp();
  assert.equal(world.state, 'connected');
});

test('a path that broke is restarted in the same call', async () => {
  const world = await connected();
  await world.run(20_000);
  world.cut();
  await world.transport('disconnected');
  assert.equal(world.state, 'reconnecting');
  world.path = 'up';
  await world.run(1_000);
  assert.equal(world.state, 'connected');
  assert.equal(world.doctor.offers, 2);
  assert.equal(world.actions.filter((action) => action.type === 'make-offer' && action.anew).length, 1);
});

test('a call that failed is built anew, and given up with a name after a minute', async () => {
  const world = await connected();
  await world.run(20_000);
  world.cut();
  await world.transport('failed');
  assert.deepEqual(world.sound, { send: false, receive: false });
  await world.run(1_000);
  assert.equal(world.actions.filter((action) => action.type === 'make-offer' && action.anew).length, 2);
  await world.run(120_000);
  assert.equal(world.reason, 'no-path');
  world.path = 'up';
  await world.event({ type: 'retry' });
  await world.run(1_000);
  assert.equal(world.state, 'connected');
});

test('the doctor can ask for a restart', async () => {
  const world = await connected();
  await world.doctor.send(world.doctor.connection, { type: 'description', kind: 'restart', generation: 0, sdp: '' });
  await world.run(500);
  assert.equal(world.doctor.offers, 2);
  assert.equal(world.state, 'connected');
});

test('a changed network joins again at once and restarts the path', async () => {
  const world = await connected();
  await world.run(5_000);
  await world.event({ type: 'network-changed' });
  await world.run(300);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'resume']);
  assert.equal(world.doctor.offers, 2);
  assert.equal(world.state, 'connected');
});

test('an answer that never comes is a lost connection', async () => {
  const world = await World.create();
  world.doctor.answers = false;
  await world.callUp();
  await world.run(6_500);
  world.doctor.answers = true;
  await world.run(9_000);
  assert.equal(world.state, 'connected');
  assert.ok(world.doctor.epochs.length >= 2);
});

test('relay only without a relay stops before anything is gathered', async () => {
  for (const set of [(world) => (world.doctor.relayOnly = true), () => {}]) {
    const world = await World.create({ flags: 2 });
    set(world);
    await world.callUp();
    assert.equal(world.reason, 'relay-missing');
    assert.ok(!world.actions.some(({ type }) => type === 'make-offer'));
  }
  const world = await World.create({ flags: 2 });
  world.doctor.servers = { urls: ['turn:broker.example:3478'], username: 'u', credential: 'c' };
  await world.callUp();
  assert.equal(world.state, 'connected');
  assert.ok(world.actions.find(({ type }) => type === 'make-offer').relayOnly);
});

test('a call without any server, and with an empty list, still connects directly', async () => {
  for (const urls of [null, []]) {
    const world = await World.create();
    world.doctor.servers = { urls, username: '', credential: '' };
    await world.callUp();
    assert.equal(world.state, 'connected');
  }
});

test('errors of the broker before admission stop, each by its name', async () => {
  const close = (world) => (world.doctor.opened = false);
  const consume = (world) => (world.doctor.consumed = true);
  for (const [set, reason] of [[close, 'unknown-room'], [consume, 'used']]) {
    const world = await World.create();
    set(world);
    await world.event({ type: 'start' });
    await world.run(1_000);
    assert.equal(world.reason, reason);
  }
  for (const [code, reason] of [[3, 'full'], [4, 'rate'], [5, 'protocol'], [6, 'closed'], [77, 'protocol']]) {
    const world = await World.create();
    world.doctor.admits = false;
    await world.event({ type: 'start' });
    await world.run(500);
    await world.event({ type: 'socket-message', id: 1, octets: Uint8Array.of(0xe0, 0, code) });
    assert.equal(world.reason, reason);
  }
});

test('no error of the broker ends a call after admission', async () => {
  const world = await connected();
  for (const code of [1, 2, 3, 4, 5, 6, 9]) {
    const id = Math.max(...world.sockets.keys());
    await world.event({ type: 'socket-message', id, octets: Uint8Array.of(0xe0, 0, code) });
    assert.equal(world.state, 'connected');
    await world.run(15_000);
  }
  assert.equal(world.doctor.epochs.length, 8);
});

test('every goodbye and refusal of the doctor has a name', async () => {
  for (const [reason, name, state] of [[0, 'ended-by-doctor', 'ended'], [1, 'words-differ', 'failed'],
    [2, 'binding-failed', 'failed'], [3, 'expired', 'ended'], [4, 'doctor-error', 'failed'], [9, 'ended-by-doctor', 'ended']]) {
    const world = await connected();
    await world.doctor.send(world.doctor.connection, { type: 'bye', reason });
    await world.run(100);
    assert.deepEqual([world.reason, world.state], [name, state]);
    assert.equal(world.stored, null);
  }
  for (const [reason, name] of [[0, 'refused'], [1, 'refused-other-device'], [2, 'refused-not-now'], [3, 'refused-wrong-person']]) {
    const world = await World.create();
    world.doctor.admits = false;
    await world.event({ type: 'start' });
    await world.run(500);
    await world.doctor.send(world.doctor.connection, { type: 'refuse', reason });
    await world.run(100);
    assert.deepEqual([world.reason, world.state], [name, 'ended']);
  }
});

test('a patient can decline', async () => {
  const world = await World.create();
  await world.event({ type: 'start' });
  await world.run(500);
  await world.event({ type: 'decline' });
  assert.equal(world.reason, 'consent-refused');
  await world.run(100);
  assert.deepEqual(world.doctor.received.at(-1), { type: 'refuse', reason: 0 });
});

test('a forged message 2 stops at once, without another try', async () => {
  const world = await World.create();
  world.doctor.corrupt = 'message2';
  await world.event({ type: 'start' });
  await world.run(60_000);
  assert.equal(world.reason, 'secure-channel');
  assert.equal(world.actions.filter(({ type }) => type === 'connect').length, 1);
});

test('forged frames lead to resumes only, three times', async () => {
  const world = await connected();
  await world.run(61_000);
  world.doctor.corrupt = 'frames';
  await world.doctor.send(world.doctor.connection, { type: 'keepalive' });
  await world.run(120_000);
  assert.equal(world.reason, 'secure-channel');
  assert.equal(world.doctor.epochs.filter((mode) => mode === 'fresh').length, 1);
  assert.equal(world.doctor.epochs.filter((mode) => mode === 'resume').length, 3);
});

test('message 2 that never comes is waited for 12 s', async () => {
  const world = await World.create();
  world.doctor.silentAfterMessage1 = true;
  await world.event({ type: 'start' });
  await world.run(11_000);
  assert.equal(world.actions.filter(({ type }) => type === 'connect').length, 1);
  world.doctor.silentAfterMessage1 = false;
  await world.run(3_000);
  assert.equal(world.state, 'admitted');
});

test('mute silences the microphone and nothing else', async () => {
  const world = await connected();
  await world.event({ type: 'mute', muted: true });
  assert.deepEqual(world.sound, { send: false, receive: true });
  await world.event({ type: 'mute', muted: false });
  assert.deepEqual(world.sound, { send: true, receive: true });
});

test('random octets from the broker at any moment never throw and never let sound pass', async () => {
  const seed = Number(process.env.COLLOQUE_SEED ?? 20_260_101);
  for (let round = 0; round < 60; round += 1) {
    const world = await World.create({ seed: seed + round });
    await world.event({ type: 'start' });
    const octets = () => {
      const kind = world.random(1)[0] % 4;
      const noise = world.random(world.random(1)[0]);
      return [noise, Uint8Array.of(0x10, 0, 0, 0, 0, ...noise), Uint8Array.of(0x86, ...noise), Uint8Array.of(0xe0, 0, ...noise)][kind];
    };
    for (let i = 0; i < 20; i += 1) {
      await world.run(world.random(1)[0]);
      await world.event({ type: 'socket-message', id: Math.max(0, ...world.sockets.keys()), octets: octets() });
      if (world.state === 'admitted') await world.consent();
      assert.notEqual(world.reason, 'internal', `seed ${seed + round}`);
      if (world.sound.receive) assert.ok(world.doctor.patientFingerprint !== undefined, `seed ${seed + round}`);
    }
  }
});
