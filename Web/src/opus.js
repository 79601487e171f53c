// @ts-check

/**
 * Opus's own padding (RFC 6716 §3.2.5), so that every packet has one size and says nothing about the speech in
 * it. Any decoder accepts it and drops it by itself.
 */

/**
 * Octets of every padded packet.
 *
 * Firefox ignores `cbr=1` and encodes at a variable rate. With libopus 1.3.1 at the negotiated 32 kbit/s, 20 ms,
 * mono, in-band FEC, reported loss of 0, 10 and 30 %, both applications, constrained or not: speech gives at
 * most 124 octets, white noise, sweeps, square waves and their mixtures at most 171. 192 leaves an eighth of
 * margin over the worst of them; Chromium's constant 80 always fit.
 */
export const packetSize = 192;

/** Opus, in the headers of RED; the doctor's end asks for RED only where it has this number. */
const opusType = 111;
/** Copies of what is older would come too late to be heard. */
const mostCopies = 2;

/** Octets in front of the frames of a packet of code 3: TOC, frame count. */
const headerOfCode3 = 2;

/**
 * Pads one packet to `size` octets, or, when it does not fit, to the next multiple of `size`: nothing is ever
 * cut or dropped, and sizes stay few.
 * @param {Uint8Array} packet one Opus packet of any code, padded or not
 * @param {number} [size] at least 3
 * @returns {Uint8Array} the packet itself when it is empty or not Opus
 */
export function padOpus(packet, size = packetSize) {
  const frames = withoutPadding(packet);
  if (frames === null) return packet;
  const { first, count, body } = frames;
  if (packet.length % size === 0 && !frames.padded) return packet;
  let target = size;
  while (target < headerOfCode3 + body.length) target += size;
  const octets = new Uint8Array(target);
  octets[0] = first | 3;
  const room = target - headerOfCode3 - body.length;
  if (room === 0) {
    octets[1] = count;
    octets.set(body, headerOfCode3);
    return octets;
  }
  // `room` holds the length octets too: each 255 stands for 254 octets of padding beside itself.
  const full = Math.floor((room - 1) / 255);
  octets[1] = count | 0x40;
  octets.fill(255, headerOfCode3, headerOfCode3 + full);
  octets[headerOfCode3 + full] = (room - 1) % 255;
  octets.set(body, headerOfCode3 + full + 1);
  return octets;
}

/**
 * Makes packets of one size of what an encoder gives. Where it gives RED (RFC 2198), with one copy or none, the room
 * up to that size is used for as many copies as fit.
 * @returns {(packet: Uint8Array, timestamp: number) => Uint8Array} to be called for each packet of a stream
 */
export function makeFiller() {
  /** @type {{ then: number, copy: Uint8Array }[]} newest first */
  let past = [];
  return (packet, timestamp) => {
    const at = (/** @type {number} */ index) => packet[index] ?? 0;
    if (at(0) % 128 !== opusType) return padOpus(packet);
    let header = 0;
    let copied = 0;
    for (; at(header) > 127; header += 4) copied += (at(header + 2) % 4) * 256 + at(header + 3);
    const own = packet.slice(header + 1 + copied);
    /** @type {number[]} */
    let heads = [opusType];
    /** @type {number[]} */
    let bodies = [];
    let room = packetSize - 1;
    for (const { then, copy } of past) {
      const age = (timestamp - then) >>> 0;
      const rest = room - 4 - copy.length;
      if (rest <= own.length || age > 0x3fff) break;
      room = rest;
      // Cut to octets below.
      heads = [opusType | 128, age >> 6, (age << 2) | (copy.length >> 8), copy.length, ...heads];
      bodies = [...copy, ...bodies];
    }
    past = [{ then: timestamp, copy: own }, ...past].slice(0, mostCopies);
    return Uint8Array.of(...heads, ...bodies, ...padOpus(own, room));
  };
}

/**
 * @typedef {object} Frames
 * @property {number} first TOC without its code
 * @property {number} count frame count octet of code 3 without its padding bit: count and VBR bit
 * @property {Uint8Array} body what follows in a packet of code 3 without padding
 * @property {boolean} padded
 */

/**
 * @param {Uint8Array} packet
 * @returns {Frames | null}
 */
function withoutPadding(packet) {
  const [toc, countOctet] = packet;
  if (toc === undefined) return null;
  const first = toc & 0xfc;
  switch (toc & 3) {
    case 0:
      return { first, count: 1, body: packet.subarray(1), padded: false };
    case 1:
      return { first, count: 2, body: packet.subarray(1), padded: false };
    case 2:
      // The length of the first of two frames stands in the same place and form in both codes.
      return { first, count: 2 | 0x80, body: packet.subarray(1), padded: false };
    default: {
      if (countOctet === undefined) return null;
      const count = countOctet & 0xbf;
      if ((countOctet & 0x40) === 0) return { first, count, body: packet.subarray(2), padded: false };
      let offset = 2;
      let padding = 0;
      for (;;) {
        const length = packet[offset];
        if (length === undefined) return null;
        offset += 1;
        padding += length === 255 ? 254 : length;
        if (length !== 255) break;
      }
      if (padding > packet.length - offset) return null;
      return { first, count, body: packet.subarray(offset, packet.length - padding), padded: true };
    }
  }
}
