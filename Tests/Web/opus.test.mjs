import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packetSize, padOpus } from '../../Web/src/opus.js';
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
