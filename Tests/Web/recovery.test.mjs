// What the page does about a network that fails in the middle of a call, rule by rule and by the clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configuration, pathOf } from '../../Web/src/call.js';
import { World } from './support/world.mjs';

/** A call that has stood for a while: nothing of its beginning counts any more. */
const standing = async (prepare = () => {}) => {
  const world = await World.create();
  prepare(world);
  world.keepAlive();
  await world.callUp();
  await world.run(90_000);
  assert.equal(world.state, 'connected', world.reason ?? '');
  assert.equal(world.doctor.offers, 1);
  world.actions = [];
  world.log = [];
  return world;
};

const offers = (world) => world.actions.filter(({ type }) => type === 'make-offer');
const joins = (world) => world.actions.filter(({ type }) => type === 'connect').length;

/** Milliseconds until the doctor is heard and the page says so; `act` looks on after every tenth of a second. */
const untilSound = async (world, limit, act = () => {}) => {
  for (let waited = 0; waited <= limit; waited += 100) {
    if (world.flows && world.state === 'connected') return waited;
    await world.run(100);
    await act();
  }
  return assert.fail(`no sound within ${limit} ms: ${world.state} ${world.reason ?? ''}`);
};

test('two seconds of silence restart the path inside the standing epoch, and the page says so', async () => {
  const world = await standing();
  world.cut();
  await world.run(1_400);
  assert.equal(world.state, 'connected');
  world.path = 'up';
  await world.run(600);
  assert.equal(offers(world).length, 1);
  assert.equal(offers(world)[0].anew, false);
  await untilSound(world, 1_000);
  assert.deepEqual(world.log, ['connected', 'reconnecting', 'connected']);
  assert.equal(joins(world), 0);
  assert.deepEqual(world.sound, { send: true, receive: true });
  await world.run(60_000);
  assert.equal(offers(world).length, 1);
});

test('a dead path under a living socket: the restart dies, another call brings sound within 10 s', async () => {
  const world = await standing();
  world.cut();
  const waited = await untilSound(world, 10_000, () => {
    if (offers(world).length === 2) world.path = 'up';
  });
  assert.deepEqual(offers(world).map(({ anew }) => anew), [false, true]);
  assert.equal(joins(world), 0);
  assert.ok(waited <= 8_000, `${waited} ms`);
});

test('a changed address that nobody reports: the socket is given up with the first offer, sound within 5 s', async () => {
  const world = await standing();
  world.cut();
  world.deafen();
  world.path = 'up';
  const waited = await untilSound(world, 5_000);
  assert.equal(joins(world), 1);
  assert.deepEqual(offers(world).map(({ anew }) => anew), [false, false]);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'resume']);
  assert.ok(waited <= 4_700, `${waited} ms`);
});

test('a transport that says disconnected before any silence takes its socket with it: sound within a second', async () => {
  const world = await standing();
  world.cut();
  world.deafen();
  world.path = 'up';
  await world.transport('disconnected');
  assert.ok((await untilSound(world, 1_000)) <= 1_000);
  assert.equal(joins(world), 1);
  assert.equal(offers(world).length, 1);
});

test('the broker and its relay die and return: sound within 12 s', async () => {
  for (const downtime of [200, 1_500, 3_000]) {
    const world = await standing();
    world.cut();
    world.killBroker();
    await world.run(downtime);
    world.broker = 'up';
    world.path = 'up';
    const waited = downtime + (await untilSound(world, 12_000 - downtime));
    assert.ok(waited <= 12_000, `${waited} ms after ${downtime} ms`);
  }
});

test('a call that failed is followed by one with another certificate, and nothing passes before its proof', async () => {
  const world = await standing();
  world.cut();
  const former = { ...world.call };
  const generation = world.doctor.offerGeneration;
  await world.transport('failed');
  assert.deepEqual(world.sound, { send: false, receive: false });
  world.doctor.binds = false;
  world.path = 'up';
  await world.run(500);
  assert.notDeepEqual(world.call.fingerprint, former.fingerprint);
  assert.equal(world.call.name, generation + 1);
  assert.deepEqual(world.sound, { send: false, receive: false }, 'connected, but the doctor has proved nothing');
  const before = world.doctor.received.length;
  await world.event({ type: 'candidate', generation, candidate: 'candidate:of the former call' });
  await world.event({ type: 'transport', call: former.name, state: 'failed' });
  await world.event({ type: 'heard', call: former.name, packets: 1 });
  await world.run(100);
  assert.equal(world.doctor.received.length, before);
  await world.doctor.sendBinding(world.doctor.connection);
  await world.run(100);
  assert.deepEqual(world.sound, { send: true, receive: true });
  assert.equal(offers(world).length, 1);
});

test('a restart that says connected and stays mute is followed by another call', async () => {
  const world = await standing();
  world.cut();
  world.path = 'up';
  world.carries = false;
  const waited = await untilSound(world, 10_000, () => {
    if (offers(world).some(({ anew }) => anew)) world.carries = true;
  });
  assert.deepEqual(offers(world).map(({ anew }) => anew), [false, true]);
  assert.ok(waited <= 7_500, `${waited} ms`);
});

test('a call that connects and never carries anything is followed by another, from the beginning', async () => {
  const world = await World.create();
  world.carries = false;
  await world.callUp();
  await world.run(3_000);
  assert.equal(world.state, 'reconnecting');
  world.carries = true;
  await untilSound(world, 6_000);
  assert.ok(offers(world).length > 1 && offers(world).every(({ anew }) => anew));
});

test('a network that lets no call through is named before the doctor gives up', async () => {
  const world = await World.create();
  world.path = 'down';
  await world.callUp();
  await world.run(25_000);
  assert.equal(world.state, 'connecting');
  await world.run(2_500);
  assert.equal(world.reason, 'no-path');
  assert.deepEqual(offers(world).map(({ anew }) => anew), [true, true]);
});

test('a doctor who gives up for want of a path is not blamed for it', async () => {
  const world = await World.create();
  world.path = 'down';
  await world.callUp();
  await world.run(1_000);
  await world.doctor.send(world.doctor.connection, { type: 'bye', reason: 4 });
  await world.run(100);
  assert.equal(world.reason, 'no-path');
  const other = await standing();
  await other.doctor.send(other.doctor.connection, { type: 'bye', reason: 4 });
  await other.run(100);
  assert.equal(other.reason, 'doctor-error');
});

test('a page that is two guests after its socket died is let in whichever of the two the doctor admits', async () => {
  for (const isOther of [false, true]) {
    const world = await World.create();
    world.doctor.admits = false;
    await world.event({ type: 'start' });
    await world.run(500);
    const former = { bond: world.doctor.bond, words: world.patient.snapshot().words.octets };
    const { id } = world.socket;
    world.socket.open = false;
    await world.event({ type: 'socket-closed', id });
    await world.run(3_000);
    assert.deepEqual(world.doctor.epochs, ['fresh', 'fresh']);
    assert.notDeepEqual(world.patient.snapshot().words.octets, former.words);
    // The doctor's end admits the guest who is gone, or somebody else.
    const { connection } = world.doctor;
    world.doctor.bond = isOther ? { ...former.bond, resumeSecret: new Uint8Array(32) } : former.bond;
    world.doctor.consumed = true;
    await world.doctor.send(connection, { type: 'refuse', reason: 1 });
    await world.run(1_000);
    if (isOther) {
      assert.equal(world.reason, 'refused-other-device');
      continue;
    }
    assert.equal(world.state, 'admitted');
    assert.deepEqual(world.patient.snapshot().words.octets, former.words);
    await world.consent();
    await untilSound(world, 1_500);
  }
});

test('who waits is told when it is the server that is missing', async () => {
  const world = await World.create();
  world.doctor.admits = false;
  world.broker = 'hole';
  await world.event({ type: 'start' });
  await world.run(5_000);
  assert.equal(world.patient.snapshot().seeksServer, false);
  await world.run(4_000);
  assert.equal(world.state, 'waiting');
  assert.equal(world.patient.snapshot().seeksServer, true);
  world.broker = 'up';
  await world.run(12_000);
  assert.equal(world.patient.snapshot().seeksServer, false);
  assert.equal(world.patient.snapshot().doctorPresent, true);
});

test('a dead path makes no storm: eight attempts with growing gaps, then the call is given up by name', async () => {
  const world = await standing();
  world.cut();
  const moments = [];
  for (let elapsed = 0; elapsed < 65_000; elapsed += 100) {
    await world.run(100);
    while (moments.length < offers(world).length) moments.push(elapsed);
  }
  assert.equal(world.reason, 'no-path');
  assert.ok(moments.length >= 5 && moments.length <= 8, moments.join());
  const gaps = moments.slice(1).map((moment, i) => moment - moments[i]);
  assert.ok(gaps.every((gap, i) => gap >= 3_000 && gap >= (gaps[i - 1] ?? 0) - 200), gaps.join());
  assert.equal(joins(world), 0);
  world.path = 'up';
  await world.event({ type: 'network-changed' });
  await untilSound(world, 2_000);
});

test('a path that comes and goes is restarted at most every four seconds', async () => {
  const world = await standing();
  for (let elapsed = 0; elapsed < 60_000; elapsed += 500) {
    world.flows = elapsed % 3_000 < 500;
    await world.run(500);
  }
  assert.ok(offers(world).length >= 2 && offers(world).length <= 12, `${offers(world).length} offers`);
});

test('no network at all for 40 s, with no event before or after: the call comes back', async () => {
  const world = await standing();
  world.cut();
  world.deafen();
  world.broker = 'hole';
  await world.run(40_000);
  assert.equal(world.state, 'reconnecting');
  assert.ok(joins(world) <= 15, `${joins(world)} joins`);
  world.broker = 'up';
  world.path = 'up';
  await untilSound(world, 15_000);
});

test('after a minute without any network the person is asked, and a new network needs no asking', async () => {
  const world = await standing();
  world.cut();
  world.killBroker();
  await world.run(63_000);
  assert.equal(world.reason, 'network');
  assert.equal(world.patient.snapshot().canRetry, true);
  world.broker = 'up';
  world.path = 'up';
  await world.event({ type: 'network-changed' });
  await untilSound(world, 2_000);
});

test('a doctor whose end is away is waited for without a limit', async () => {
  const world = await standing();
  world.cut();
  world.doctor.setPresent(world.socket.end, false);
  await world.run(5_000);
  assert.equal(world.state, 'reconnecting');
  assert.equal(world.patient.snapshot().awaitsDoctor, true);
  await world.run(300_000);
  assert.equal(world.state, 'reconnecting');
  world.path = 'up';
  world.doctor.setPresent(world.socket.end, true);
  await untilSound(world, 2_000);
});

test('a doctor whose end was killed and came back gets another call: words kept, nothing asked, sound in a second', async () => {
  const world = await standing();
  await world.event({ type: 'words', same: true });
  const former = { ...world.call };
  world.cut();
  world.doctor.setPresent(world.socket.end, false);
  const said = new Set();
  for (let waited = 0; waited < 75_000; waited += 500) {
    await world.run(500);
    // A browser calls the path disconnected after some seconds, and failed after half a minute.
    if (waited === 5_000) await world.transport('disconnected');
    if (waited === 30_000) await world.transport('failed');
    if (waited > 2_000) said.add(`${world.state} ${world.patient.snapshot().awaitsDoctor}`);
  }
  assert.deepEqual([...said], ['reconnecting true']);
  assert.equal(offers(world).length, 0);
  assert.ok(joins(world) <= 3, `${joins(world)} joins`);
  world.path = 'up';
  await world.doctor.restart();
  world.doctor.setPresent(world.socket.end, true);
  await world.run(35);
  assert.equal(world.patient.snapshot().awaitsDoctor, true, 'not heard yet');
  await untilSound(world, 1_000);
  assert.equal(world.doctor.epochs.at(-1), 'resume');
  assert.deepEqual(offers(world).map(({ anew }) => anew), [true]);
  assert.notDeepEqual(world.call.fingerprint, former.fingerprint);
  assert.equal(world.doctor.bound, true);
  assert.equal(world.patient.snapshot().ownComparison, 'same');
  assert.equal(world.doctor.words.at(-1), true);
  await world.doctor.askForNew(world.doctor.connection);
  await world.run(10_000);
  assert.equal(offers(world).length, 1, 'a call of this epoch is the answer already');
});

test('a doctor that comes back within a second replaces a connection that still says connected', async () => {
  const world = await standing();
  world.doctor.setPresent(world.socket.end, false);
  await world.doctor.restart();
  world.flows = false;
  world.doctor.setPresent(world.socket.end, true);
  await untilSound(world, 1_500);
  assert.deepEqual(offers(world).map(({ anew }) => anew), [true]);
  assert.ok(world.log.includes('reconnecting') && !world.log.includes('failed'));
});

test('a socket that died while the doctor is away is found out within half a minute', async () => {
  const world = await standing();
  world.cut();
  world.doctor.setPresent(world.socket.end, false);
  await world.run(5_000);
  world.deafen();
  await world.doctor.restart();
  world.doctor.present = true;
  world.path = 'up';
  await untilSound(world, 32_000);
});

test('a room that is gone while the page was away ends by its name within half a minute', async () => {
  const world = await standing();
  world.cut();
  world.killBroker();
  await world.run(5_000);
  world.broker = 'up';
  world.doctor.opened = false;
  await world.run(25_000);
  assert.equal(world.reason, 'unknown-room');
});

test('a changed network that left the path alone costs a new epoch and no restart', async () => {
  const world = await standing();
  world.broker = 'down';
  await world.event({ type: 'network-changed' });
  await world.run(1_600);
  world.broker = 'up';
  await world.run(10_000);
  assert.deepEqual(world.doctor.epochs, ['fresh', 'resume']);
  assert.equal(offers(world).length, 0);
  assert.ok(!world.log.includes('reconnecting'));
});

test('each restart takes the newest credentials of the relay', async () => {
  const named = (username) => ({ urls: ['turn:broker.example'], username, credential: 'c', lifetime: 600 });
  const world = await standing((made) => (made.doctor.servers = named('first')));
  world.cut();
  world.path = 'up';
  await untilSound(world, 3_000);
  assert.equal(offers(world).at(-1).servers.username, 'first');

  world.doctor.servers = named('second');
  world.doctor.grant(world.doctor.connection);
  await world.run(20_000);
  world.cut();
  world.path = 'up';
  await untilSound(world, 3_000);
  assert.equal(offers(world).at(-1).servers.username, 'second');

  world.doctor.servers = named('third');
  await world.run(601_000);
  assert.equal(joins(world), 0);
  world.cut();
  world.path = 'up';
  await untilSound(world, 3_000);
  assert.equal(joins(world), 1, 'what has expired is asked for before the restart');
  assert.deepEqual(offers(world).map(({ servers }) => servers.username), ['first', 'second', 'third']);
});

test('the doctor asks for a restart that is under way: it is not made twice', async () => {
  const world = await standing();
  world.cut();
  await world.run(2_200);
  assert.equal(offers(world).length, 1);
  await world.doctor.send(world.doctor.connection, { type: 'description', kind: 'restart', generation: 0, sdp: '' });
  await world.run(500);
  assert.equal(offers(world).length, 1);
});

test('a page whose timers sleep raises no false alarm', async () => {
  const world = await standing();
  world.counting = 60_000;
  world.flows = false;
  await world.run(600_000);
  assert.equal(world.state, 'connected', 'counts a minute apart tell nothing');
  world.counting = 500;
  world.flows = true;
  await world.run(60_000);
  world.counting = 5_000;
  world.flows = false;
  await world.run(5_600);
  world.counting = 500;
  world.flows = true;
  await world.run(10_000);
  assert.equal(offers(world).length, 0);
});

test('counts once a second, as in a hidden page, still notice silence', async () => {
  const world = await standing();
  world.counting = 1_050;
  await world.run(5_000);
  world.cut();
  world.path = 'up';
  await untilSound(world, 5_000);
  assert.equal(offers(world).length, 1);
});

test('who hangs up between two epochs is still heard by the doctor, and nothing is stored again', async () => {
  for (const [act, bye] of [[{ type: 'hang-up' }, 0], [{ type: 'words', same: false }, 1]]) {
    const world = await standing();
    world.killBroker();
    await world.run(300);
    await world.event(act);
    assert.equal(world.stored, null);
    await world.run(3_000);
    assert.notEqual(world.doctor.received.at(-1).type, 'bye');
    world.broker = 'up';
    await world.run(2_000);
    assert.deepEqual(world.doctor.received.at(-1), { type: 'bye', reason: bye });
    assert.equal(world.stored, null);
    assert.equal(offers(world).length, 0);
    await world.run(4_000);
    assert.equal(world.patient.nextAlarm(), null);
    assert.equal(world.socket, undefined);
  }
  const world = await standing();
  world.killBroker();
  await world.run(300);
  await world.event({ type: 'hang-up' });
  await world.run(21_000);
  assert.equal(world.patient.nextAlarm(), null);
  assert.ok(joins(world) <= 22);
});

test('a page that slept doubts a connection that had long been silent, and no other', async () => {
  const world = await standing();
  world.deafen();
  await world.run(31_000);
  await world.event({ type: 'awoke' });
  await world.run(900);
  assert.equal(joins(world), 0);
  await world.run(3_000);
  assert.equal(joins(world), 1);
  assert.equal(world.state, 'connected');
  await world.event({ type: 'awoke' });
  await world.run(5_000);
  assert.equal(joins(world), 1);
});

test('a relay is given once for each way to reach it, and a reflecting server never to who hides', () => {
  const urls = ['stun:a', 'stun:b', 'turn:a', 'turn:a?transport=udp', 'turn:a:443?transport=tcp', 'turns:a:443', 'turns:b'];
  const servers = { urls, username: 'u', credential: 'c', lifetime: 600 };
  const relays = { urls: ['turn:a', 'turn:a:443?transport=tcp', 'turns:a:443'], username: 'u', credential: 'c' };
  assert.deepEqual(configuration(servers, false), {
    iceServers: [{ urls: ['stun:a'] }, relays], iceTransportPolicy: 'all', bundlePolicy: 'max-bundle',
  });
  assert.deepEqual(configuration(servers, true), {
    iceServers: [relays], iceTransportPolicy: 'relay', bundlePolicy: 'max-bundle',
  });
  assert.deepEqual(configuration({ ...servers, username: '' }, false).iceServers, [{ urls: ['stun:a'] }]);
  assert.deepEqual(configuration(null, false).iceServers, []);
});

test('the path in use is the one the transport names, or else the one that heard something last', () => {
  const pair = (id, kind, heard) => [
    { type: 'candidate-pair', id, state: 'succeeded', nominated: true, localCandidateId: `${id}l`, remoteCandidateId: `${id}r`,
      lastPacketReceivedTimestamp: heard },
    { type: 'local-candidate', id: `${id}l`, candidateType: kind },
    { type: 'remote-candidate', id: `${id}r`, candidateType: 'host' },
  ];
  const entries = [...pair('1', 'host', 10), ...pair('2', 'relay', 20)];
  assert.equal(pathOf(entries), 'relay');
  assert.equal(pathOf([...entries, { type: 'transport', id: 't', selectedCandidatePairId: '1' }]), 'direct');
  assert.equal(pathOf([{ type: 'transport', id: 't' }]), null);
});
