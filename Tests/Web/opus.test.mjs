import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeFiller, packetSize, padOpus } from '../../Web/src/opus.js';
import { randomFrom } from './support/world.mjs';

/** RFC 6716 §3.2 and appendix A, written down again: TOC without code, and the frames. */
function frames(packet) {
  const toc = packet[0] & 0xfc;
  const lengthAt = (offset) =>
    packet[offset] < 252 ? [packet[offset], 1] : [4 * packet[offset + 1] + packet[offset], 2];
  let offset = 1;
  let end = packet.length;
  let count = 1;
  let variable = false;
  switch (packet[0] & 3) {
    case 0:
      break;
    case 1:
      count = 2;
      break;
    case 2:
      [count, variable] = [2, true];
      break;
    default: {
      const octet = packet[offset++];
      [count, variable] = [octet & 0x3f, (octet & 0x80) !== 0];
      if (octet & 0x40) {
        for (let length = 255; length === 255; ) {
          length = packet[offset++];
          end -= length === 255 ? 254 : length;
        }
      }
    }
  }
  const lengths = [];
  if (variable) {
    for (let i = 0; i < count - 1; i += 1) {
      const [length, used] = lengthAt(offset);
      lengths.push(length);
      offset += used;
    }
    lengths.push(end - offset - lengths.reduce((sum, length) => sum + length, 0));
  } else {
    assert.equal((end - offset) % count, 0);
    lengths.push(...Array(count).fill((end - offset) / count));
  }
  assert.ok(lengths.every((length) => length >= 0 && length <= 1275));
  return { toc, frames: lengths.map((length) => Array.from(packet.subarray(offset, (offset += length)))) };
}

const encodedLength = (length) => (length < 252 ? [length] : [252 + (length % 4), (length - 252 - (length % 4)) / 4]);
const octets = (random, length) => Array.from(random(length));

/** One packet of each code, with frames of about this length. */
function packets(random, length) {
  const toc = 0x78;
  return [
    [toc, ...octets(random, length)],
    [toc | 1, ...octets(random, length), ...octets(random, length)],
    [toc | 2, ...encodedLength(length), ...octets(random, length), ...octets(random, length + 3)],
    [toc | 3, 3, ...octets(random, 3 * length)],
    [toc | 3, 0x83, ...encodedLength(length), ...encodedLength(1), ...octets(random, length + 1), ...octets(random, 5)],
    [toc | 3, 0x42, 7, ...octets(random, 2 * length), ...Array(7).fill(0)],
    [toc | 3, 0x41, 255, 3, ...octets(random, length), ...Array(257).fill(0)],
  ].map((packet) => Uint8Array.from(packet));
}

test('every packet that fits comes out at one size, with the same frames', () => {
  const random = randomFrom(1);
  for (let length = 0; length < 190; length += 1) {
    for (const packet of packets(random, length)) {
      const padded = padOpus(packet);
      assert.deepEqual(frames(padded), frames(packet), `frames of ${length} octets, code ${packet[0] & 3}`);
      assert.equal(padded.length % packetSize, 0);
      if (packet.length < packetSize) assert.equal(padded.length, packetSize);
    }
  }
});

test('any length of padding is written right', () => {
  for (let size = 3; size < 1400; size += 1) {
    const padded = padOpus(Uint8Array.of(0x78, 1), size);
    assert.equal(padded.length, size);
    assert.deepEqual(frames(padded), { toc: 0x78, frames: [[1]] });
  }
});

test('a packet that does not fit takes the next multiple', () => {
  const random = randomFrom(2);
  for (const length of [191, 192, 300, 383, 1275]) {
    const packet = Uint8Array.of(0x78, ...random(length));
    const padded = padOpus(packet);
    assert.equal(padded.length % packetSize, 0);
    assert.ok(padded.length < packet.length + packetSize + 1);
    assert.deepEqual(frames(padded), frames(packet));
  }
});

test('what is empty or not Opus goes through as it is', () => {
  for (const packet of [[], [3], [3, 0x41], [3, 0x41, 255, 255], [3, 0x41, 200, 1]]) {
    assert.deepEqual(padOpus(Uint8Array.from(packet)), Uint8Array.from(packet));
  }
});

test('padding twice changes nothing', () => {
  const once = padOpus(Uint8Array.of(0x78, 1, 2, 3));
  assert.deepEqual(padOpus(once), once);
});

test('random octets never throw and never shrink', () => {
  const random = randomFrom(3);
  for (let i = 0; i < 5000; i += 1) {
    const packet = random(random(1)[0]);
    assert.ok(padOpus(packet).length >= Math.min(packet.length, packetSize) - 255);
  }
});

/** Blocks of a RED packet (RFC 2198 §3): how much earlier, and the payload. */
function blocks(packet) {
  const heads = [];
  let offset = 0;
  for (; packet[offset] & 128; offset += 4) {
    heads.push({
      type: packet[offset] & 127,
      age: (packet[offset + 1] << 6) | (packet[offset + 2] >> 2),
      length: ((packet[offset + 2] & 3) << 8) | packet[offset + 3],
    });
  }
  heads.push({ type: packet[offset], age: 0, length: Infinity });
  offset += 1;
  return heads.map(({ type, age, length }) => {
    const payload = packet.subarray(offset, (offset = Math.min(offset + length, packet.length)));
    return { type, age, payload: Array.from(payload) };
  });
}

/** RED as Chromium makes it: the packet before in front, if there is one. */
const red = (before, own) =>
  Uint8Array.from(before ? [239, 15, 0, before.length, 111, ...before, ...own] : [111, ...own]);

test('RED of one copy or none becomes RED of two copies at the one size, each the packet that it was', () => {
  const random = randomFrom(4);
  const fill = makeFiller();
  const sent = [];
  for (let i = 0; i < 50; i += 1) {
    const own = Uint8Array.of(0x78, ...random(59));
    const packet = fill(red(sent.at(-1), own), (0xffffff00 + i * 960) >>> 0);
    assert.equal(packet.length, packetSize);
    const found = blocks(packet);
    const expected = sent.slice(-2);
    assert.deepEqual(found.slice(0, -1), expected.map((copy, index) =>
      ({ type: 111, age: 960 * (expected.length - index), payload: Array.from(copy) })));
    assert.deepEqual(frames(Uint8Array.from(found.at(-1).payload)), frames(own));
    sent.push(own);
  }
});

test('copies that do not fit or are too old are left out, and the size stays', () => {
  const random = randomFrom(5);
  for (const length of [10, 60, 80, 90, 100, 150, 185, 188, 189, 190, 191]) {
    const fill = makeFiller();
    let before;
    for (let i = 0; i < 4; i += 1) {
      const own = Uint8Array.of(0x78, ...random(length - 1));
      const packet = fill(red(before, own), i < 3 ? i * 960 : 100_000);
      assert.equal(packet.length, packetSize, `${length}`);
      const found = blocks(packet);
      assert.deepEqual(frames(Uint8Array.from(found.at(-1).payload)), frames(own));
      const room = Math.floor((packetSize - 2 - length) / (length + 4));
      assert.equal(found.length - 1, i < 3 ? Math.min(i, 2, Math.max(room, 0)) : 0, `${length} octets, packet ${i}`);
      before = own;
    }
  }
});

test('what a filler gets that is no RED it pads as Opus', () => {
  const fill = makeFiller();
  for (const first of [0x78, 0x08, 0x7c, 0xfc]) {
    const packet = Uint8Array.of(first, 1, 2, 3);
    assert.deepEqual(fill(packet, 0), padOpus(packet));
  }
});
