import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader, concat, fromBase64url, fromHex, lp, u16, u32, u64, u8, utf8 } from '../../Web/src/bytes.js';
import { decodeEnvelope, encodeJoin, encodeRelay } from '../../Web/src/envelopes.js';
import { ProtocolError } from '../../Web/src/errors.js';
import * as page from '../../Web/src/frames.js';
import { deserialise, newSession, serialise } from '../../Web/src/session.js';
import { chooseLocale } from '../../Web/src/locale.js';
import { consentText, texts } from '../../Web/src/text.js';
import { decodeFrame, encodeFrame } from './support/doctor-frames.mjs';
import { randomFrom } from './support/world.mjs';

const { frameSizes } = page;

const seed = Number(process.env.COLLOQUE_SEED ?? 20_260_102);
const filled = (length) => new Uint8Array(length).fill(7);

const frames = [
  { type: 'confirm', patientNonce: filled(32), receiptKey: filled(32), name: 'Zoé' },
  { type: 'waiting', message: 'Dix minutes' },
  { type: 'admit', relayOnly: true },
  { type: 'refuse', reason: 3 },
  { type: 'description', kind: 'offer', generation: 4_000_000_000, sdp: 'v=0\r\n'.repeat(100) },
  { type: 'description', kind: 'restart', generation: 0, sdp: '' },
  { type: 'candidate', generation: 1, candidate: '' },
  { type: 'words', same: false },
  { type: 'binding', tag: filled(32) },
  { type: 'chat', id: 9, message: 'é'.repeat(2000) },
  { type: 'encapsulation', octets: filled(1184) },
  { type: 'encapsulation', octets: filled(1088) },
  { type: 'keepalive' },
  { type: 'receipt', part: 'signature', octets: filled(64) },
  { type: 'bye', reason: 0 },
  { type: 'consent', version: 1, locale: 'fr', textHash: filled(32), time: 1_790_000_000 },
  { type: 'identity', code: 2 },
];

const malformed = (error) => error instanceof ProtocolError && error.code === 'malformed';

test('every frame comes back as it went', () => {
  for (const frame of frames) {
    const plaintext = encodeFrame(frame);
    assert.ok(frameSizes.includes(plaintext.length));
    assert.deepEqual(JSON.stringify(decodeFrame(plaintext)), JSON.stringify(frame));
  }
});

test('the page refuses what only a patient says, or nobody says to one', () => {
  for (const frame of frames) {
    const plaintext = encodeFrame(frame);
    if (['confirm', 'consent', 'encapsulation'].includes(frame.type)) {
      assert.throws(() => page.decodeFrame(plaintext), malformed);
    } else assert.deepEqual(JSON.stringify(page.decodeFrame(plaintext)), JSON.stringify(frame));
  }
});

test('a frame fits its size to the last octet and takes the next beyond it', () => {
  for (const size of frameSizes) {
    const whole = { type: 'candidate', generation: 0, candidate: 'x'.repeat(size - 7) };
    assert.equal(encodeFrame(whole).length, size);
    const more = { ...whole, candidate: `${whole.candidate}x` };
    if (size === frameSizes.at(-1)) assert.throws(() => encodeFrame(more), malformed);
    else assert.ok(encodeFrame(more).length > size);
  }
});

test('padding of another size, or that is not zeros, is refused', () => {
  for (const frame of frames) {
    const plaintext = encodeFrame(frame);
    const dirty = plaintext.slice();
    dirty[dirty.length - 1] ^= 1;
    assert.throws(() => decodeFrame(dirty), malformed);
    assert.throws(() => decodeFrame(concat(plaintext, new Uint8Array(1))), malformed);
    const larger = frameSizes.find((size) => size > plaintext.length);
    if (larger !== undefined) {
      const grown = new Uint8Array(larger);
      grown.set(plaintext);
      assert.throws(() => decodeFrame(grown), malformed);
    }
    for (let length = 0; length < plaintext.length; length += 1) {
      assert.throws(() => decodeFrame(plaintext.subarray(0, length)), malformed);
    }
  }
});

test('every unknown type of frame is refused', () => {
  const known = new Set(frames.map((frame) => encodeFrame(frame)[0]));
  for (let type = 0; type < 256; type += 1) {
    if (known.has(type)) continue;
    const plaintext = new Uint8Array(256);
    plaintext[0] = type;
    assert.throws(() => decodeFrame(plaintext), malformed);
  }
});

test('changed and random frames are read or refused, never anything else', () => {
  const random = randomFrom(seed);
  const pick = (count) => new Reader(random(4)).u32() % count;
  for (let i = 0; i < 6000; i += 1) {
    const plaintext = i % 2 === 0 ? encodeFrame(frames[pick(frames.length)]) : random(frameSizes[0]);
    if (i % 2 === 0) plaintext[pick(Math.min(plaintext.length, 80))] ^= 1 << pick(8);
    else if (i % 4 === 1) plaintext.fill(0, 60).set(concat(u8(pick(20)), u16(pick(57))));
    try {
      decodeFrame(plaintext);
    } catch (error) {
      assert.ok(malformed(error), `seed ${seed}: ${error}`);
    }
  }
});

const servers = concat(u8(0x86), u8(3), lp('stun:a', 'turn:b?transport=udp', 'javascript:c'), lp('user', 'secret'), u32(600));

test('envelopes are read, and what is unknown or malformed is ignored', () => {
  assert.deepEqual(decodeEnvelope(concat(u8(0x81), filled(32))), { type: 'challenge' });
  assert.deepEqual(decodeEnvelope(Uint8Array.of(0x82, 1)), { type: 'state', doctorPresent: true });
  assert.equal(decodeEnvelope(Uint8Array.of(0x82, 2)), null);
  assert.deepEqual(decodeEnvelope(Uint8Array.of(0xe0, 0, 2)), { type: 'error', code: 2 });
  assert.deepEqual(decodeEnvelope(servers), {
    type: 'servers',
    servers: { urls: ['stun:a', 'turn:b?transport=udp'], username: 'user', credential: 'secret', lifetime: 600 },
  });
  const none = concat(u8(0x86), u8(0), lp('', ''), u32(0));
  assert.deepEqual(decodeEnvelope(none)?.servers.urls, []);
  for (let length = 0; length < servers.length; length += 1) {
    assert.equal(decodeEnvelope(servers.subarray(0, length)), null);
  }
  assert.equal(decodeEnvelope(concat(servers, u8(0))), null);
  assert.equal(decodeEnvelope(new Uint8Array(65_601).fill(0x10)), null);
});

test('random envelopes never throw', () => {
  const random = randomFrom(seed + 1);
  for (let i = 0; i < 5000; i += 1) {
    const octets = random(random(1)[0]);
    if (octets.length > 0 && i % 2 === 0) octets[0] = [0x10, 0x81, 0x82, 0x86, 0xe0][i % 5];
    decodeEnvelope(octets);
    const changed = servers.slice();
    changed[random(1)[0] % changed.length] = random(1)[0];
    decodeEnvelope(changed);
  }
});

test('a patient joins and relays in the order of the table', () => {
  const join = encodeJoin(filled(16), new Uint8Array(32).fill(8), 1);
  assert.deepEqual(join, concat(u8(1), u8(1), filled(16), new Uint8Array(32).fill(8), u8(1)));
  assert.deepEqual(encodeRelay(utf8('x')), Uint8Array.of(0x10, 0, 0, 0, 0, 0x78));
});

test('octets go through their encodings', () => {
  const random = randomFrom(seed + 2);
  for (let length = 0; length < 100; length += 1) {
    const octets = random(length);
    assert.deepEqual(fromBase64url(Buffer.from(octets).toString('base64url')), octets);
  }
  assert.equal(new Reader(u64(2 ** 53 - 1)).u64(), 2 ** 53 - 1);
  assert.throws(() => new Reader(filled(8).fill(255)).u64(), malformed);
  assert.throws(() => fromHex('0g'), malformed);
  assert.throws(() => fromHex('012'), malformed);
});

test('a session survives storage, and a damaged one is not believed', () => {
  const invitation = { flags: 2, sessionKey: filled(32), room: filled(16), presharedKey: filled(32), joinToken: null };
  const session = newSession(invitation);
  session.bond = {
    resumeSecret: filled(32), transcript: filled(32), authenticationString: filled(8), wordsLocale: 'fr',
    identity: filled(32), expiry: 1000,
  };
  assert.deepEqual(deserialise(serialise(session), 999), session);
  assert.equal(deserialise(serialise(session), 1001), null);
  for (const stored of [null, '', '{', '{}', 'null', '7', serialise(session).replace('07', 'zz')]) {
    assert.equal(deserialise(stored, 0), null);
  }
});

test('every language has every text, and an unknown one becomes French', () => {
  const shape = (value) =>
    typeof value === 'string' ? 'text' : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shape(inner)]));
  for (const [locale, text] of Object.entries(texts)) {
    assert.deepEqual(shape(text), shape(texts.fr), locale);
    assert.ok(consentText(locale).length > 200);
  }
  assert.equal(chooseLocale(['ja', 'en-GB', 'fr']), 'en');
  assert.equal(chooseLocale(['ja']), 'fr');
});
