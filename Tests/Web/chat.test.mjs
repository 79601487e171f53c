import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame } from '../../Web/src/frames.js';
import { QualityMeter, sampleOf } from '../../Web/src/quality.js';
import { newSession, wipe } from '../../Web/src/session.js';
import { legible, longest } from '../../Web/src/untrusted.js';
import { World } from './support/world.mjs';

const sentOf = (world) => world.doctor.received.filter(({ type }) => type === 'chat');

test('what is written reaches the doctor in order, and what the doctor writes is shown', async () => {
  const world = await World.create();
  await world.callUp();
  await world.event({ type: 'write', text: '  one ', isWhole: true });
  await world.event({ type: 'write', text: 'two', isWhole: true });
  await world.event({ type: 'write', text: ' \n ', isWhole: true });
  await world.run(100);
  const sent = sentOf(world);
  assert.deepEqual(sent.map(({ message }) => message), ['one', 'two']);
  assert.ok(sent[1].id > sent[0].id);
  await world.doctor.send(world.doctor.connection, { type: 'chat', id: 7, message: '<img src=x onerror=alert(1)>' });
  await world.run(100);
  assert.deepEqual(world.patient.snapshot().messages.map(({ mine, text, isSent }) => [mine, text, isSent]),
    [[true, 'one', true], [true, 'two', true], [false, '<img src=x onerror=alert(1)>', true]]);
});

test('what is written while the broker is away waits, says so, and goes out once', async () => {
  const world = await World.create();
  await world.callUp();
  world.killBroker();
  await world.run(100);
  await world.event({ type: 'write', text: 'still there?', isWhole: true });
  assert.equal(world.patient.snapshot().messages[0].isSent, false);
  world.broker = 'up';
  await world.run(20_000);
  assert.equal(world.patient.snapshot().messages[0].isSent, true);
  assert.deepEqual(sentOf(world).map(({ message }) => message), ['still there?']);
});

test('nothing that is written goes out before the doctor admits and the patient consents', async () => {
  const world = await World.create();
  await world.event({ type: 'start' });
  await world.event({ type: 'write', text: 'early', isWhole: true });
  await world.run(500);
  assert.equal(world.state, 'admitted');
  assert.deepEqual(sentOf(world), []);
  await world.consent();
  await world.run(500);
  assert.deepEqual(sentOf(world).map(({ message }) => message), ['early']);
});

test('letters go out at a pace of their own, under one number, and the whole message under the same', async () => {
  const world = await World.create();
  await world.callUp();
  const word = 'Je n’entends pas';
  for (let length = 1; length <= word.length; length += 1) {
    await world.event({ type: 'write', text: word.slice(0, length), isWhole: false });
    await world.run(70);
  }
  await world.event({ type: 'write', text: word, isWhole: true });
  await world.run(500);
  const sent = sentOf(world);
  assert.ok(sent.length >= 3 && sent.length <= 5, `${sent.length} frames`);
  assert.equal(new Set(sent.map(({ id }) => id)).size, 1);
  assert.equal(sent.at(-1).message, word);
  assert.deepEqual(world.patient.snapshot().messages.map(({ text }) => text), [word]);
  await world.event({ type: 'write', text: 'or', isWhole: false });
  await world.run(500);
  await world.event({ type: 'write', text: '', isWhole: false });
  await world.run(500);
  await world.event({ type: 'write', text: 'next', isWhole: true });
  await world.run(500);
  assert.deepEqual(sentOf(world).slice(sent.length).map(({ message }) => message), ['or', '', 'next']);
  assert.deepEqual(world.patient.snapshot().messages.map(({ text }) => text), [word, 'next']);
});

test('a number again is the doctor’s same message, but not from an end that was made anew', async () => {
  const world = await World.create();
  await world.callUp();
  const say = async (id, message) => {
    await world.doctor.send(world.doctor.connection, { type: 'chat', id, message });
    await world.run(50);
  };
  for (const [id, message] of [[1, 'Bon'], [1, 'Bonjour'], [2, 'Ça'], [2, ''], [3, 'Ça va ?'], [3, 'Ça va mieux ?']]) await say(id, message);
  const shown = () => world.patient.snapshot().messages.map(({ text }) => text);
  assert.deepEqual(shown(), ['Bonjour', 'Ça va mieux ?']);
  world.doctor.setPresent(world.socket.end, false);
  await world.run(3_000);
  world.doctor.setPresent(world.socket.end, true);
  await world.run(2_000);
  await say(3, 'encore');
  assert.deepEqual(shown(), ['Bonjour', 'Ça va mieux ?', 'encore']);
});

test('what somebody else wrote hides nothing, turns nothing round and is bounded', () => {
  for (const [written, shown] of [
    ['Ça va ?\n\tmieux', 'Ça va ?\n\tmieux'],
    ['\u202egnp.exe\u202c \u2066a\u2069', 'gnp.exe a'],
    ['a\u0000b\u001b[31mc\u007fd\u0085e\r', 'ab[31mcde'],
    ['pass\u200b\u2060\ufeffword', 'password'],
    // Joiners belong to words and pictures, and marks of direction to sentences.
    ['می\u200cخواهم 👩\u200d⚕️ \u200f!', 'می\u200cخواهم 👩\u200d⚕️ \u200f!'],
    [`e${'\u0301'.repeat(300)}!`, `e${'\u0301'.repeat(4)}!`],
    ['x'.repeat(3 * longest), 'x'.repeat(longest)],
    [`${'x'.repeat(longest - 1)}👩`, 'x'.repeat(longest - 1)],
    ['\u200b\u202e', ''],
  ]) assert.equal(legible(written), shown);
});

test('the longest message fits a frame whatever its letters', () => {
  encodeFrame({ type: 'chat', id: 1, message: '\u20ac'.repeat(longest) });
});

test('quality goes down soon and up late, and loss alone decides as well as delay', () => {
  const meter = new QualityMeter();
  let [received, lost, now] = [0, 0, 0];
  const pass = (seconds, loss, more = {}) => {
    for (let i = 0; i < seconds * 2; i += 1) {
      now += 500;
      received += 25 * (1 - loss);
      lost += 25 * loss;
      meter.measure({ received, lost, jitter: 0.005, roundTrip: 0.05, lostThere: 0, ...more }, now);
    }
    return meter.word;
  };
  assert.equal(pass(1, 0), null);
  assert.equal(pass(5, 0), 'good');
  assert.equal(pass(1, 0.3), 'good', 'one bad second is not the word');
  assert.equal(pass(5, 0.3), 'poor');
  assert.equal(pass(4, 0), 'poor');
  assert.equal(pass(12, 0), 'good');
  assert.equal(pass(4, 0, { roundTrip: 0.5 }), 'fair');
  assert.equal(pass(4, 0, { lostThere: 0.2 }), 'poor');
  received = lost = 0;
  assert.equal(pass(12, 0), 'good', 'another connection counts from the beginning');
});

test('statistics that a browser does not give are zero', () => {
  assert.deepEqual(sampleOf([]), { received: 0, lost: 0, jitter: 0, roundTrip: 0, lostThere: 0 });
});

test('a session that is over holds no secret octet', async () => {
  const { room } = await World.create();
  const session = newSession({ ...room.invitation });
  const octets = [session.invitation.room, session.invitation.presharedKey, session.invitation.joinToken];
  session.bond = { resumeSecret: new Uint8Array(32).fill(7) };
  octets.push(session.bond.resumeSecret);
  wipe(session);
  for (const one of octets) assert.ok(one.every((octet) => octet === 0));
});
