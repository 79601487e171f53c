// @ts-check
import { ProtocolError } from './errors.js';

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * @param {string} text
 * @returns {Uint8Array} its UTF-8 octets
 */
export const utf8 = (text) => encoder.encode(text);

/**
 * @param {Uint8Array} octets
 * @returns {string}
 * @throws {ProtocolError} `malformed` when they are not UTF-8
 */
export function text(octets) {
  try {
    return strictDecoder.decode(octets);
  } catch {
    throw new ProtocolError('malformed');
  }
}

/**
 * @param {...Uint8Array} parts
 * @returns {Uint8Array}
 */
export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** @param {number} value 0…255 */
export const u8 = (value) => Uint8Array.of(value & 0xff);

/** @param {number} value 0…65535, big-endian */
export const u16 = (value) => Uint8Array.of((value >>> 8) & 0xff, value & 0xff);

/** @param {number} value 0…2^32-1, big-endian */
export const u32 = (value) =>
  Uint8Array.of((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);

/** @param {number} value 0…2^53-1, big-endian in eight octets */
export const u64 = (value) => concat(u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32));

/**
 * Every item behind its length in two octets, so that no two lists of items give the same octets.
 * @param {...(Uint8Array | string)} items each of at most 65535 octets
 */
export function lp(...items) {
  return concat(
    ...items.flatMap((item) => {
      const octets = typeof item === 'string' ? utf8(item) : item;
      return [u16(octets.length), octets];
    }),
  );
}

/**
 * Compares in a time that depends on the lengths alone.
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function equal(one, other) {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i += 1) difference |= (one[i] ?? 0) ^ (other[i] ?? 0);
  return difference === 0;
}

/** @param {Uint8Array} octets */
export const isZero = (octets) => octets.every((octet) => octet === 0);

/**
 * @param {Uint8Array} octets
 * @returns {string} lower case
 */
export const hex = (octets) => Array.from(octets, (octet) => octet.toString(16).padStart(2, '0')).join('');

/**
 * @param {string} digits an even number of hexadecimal digits
 * @throws {ProtocolError} `malformed`
 */
export function fromHex(digits) {
  if (digits.length % 2 !== 0 || /[^0-9a-fA-F]/.test(digits)) throw new ProtocolError('malformed');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/**
 * @param {string} encoded RFC 4648 §5 without padding, at most a few kilobytes
 * @throws {ProtocolError} `alphabet` for a character outside it, `incomplete` for an impossible length
 */
export function fromBase64url(encoded) {
  if (/[^A-Za-z0-9_-]/.test(encoded)) throw new ProtocolError('alphabet');
  if (encoded.length % 4 === 1) throw new ProtocolError('incomplete');
  const binary = atob(encoded.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** Reads fields in their order and refuses to read past the end, or to leave anything unread. */
export class Reader {
  /** @param {Uint8Array} octets untrusted; views of it are handed out, so it must not change */
  constructor(octets) {
    this.octets = octets;
    this.offset = 0;
  }

  /**
   * @param {number} count
   * @throws {ProtocolError} `malformed` when fewer are left
   */
  take(count) {
    if (count > this.octets.length - this.offset) throw new ProtocolError('malformed');
    this.offset += count;
    return this.octets.subarray(this.offset - count, this.offset);
  }

  rest() {
    return this.take(this.octets.length - this.offset);
  }

  u8() {
    return this.take(1)[0] ?? 0;
  }

  u16() {
    return this.u8() * 0x100 + this.u8();
  }

  u32() {
    return this.u16() * 0x10000 + this.u16();
  }

  /** @throws {ProtocolError} `malformed` also above 2^53-1, which no time or counter here reaches */
  u64() {
    const value = this.u32() * 2 ** 32 + this.u32();
    if (!Number.isSafeInteger(value)) throw new ProtocolError('malformed');
    return value;
  }

  /** One item behind its length in two octets. */
  lp() {
    return this.take(this.u16());
  }

  /** @throws {ProtocolError} `malformed` when something is left */
  end() {
    if (this.offset !== this.octets.length) throw new ProtocolError('malformed');
  }
}
