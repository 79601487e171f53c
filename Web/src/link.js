// @ts-check
import { concat, equal, fromBase64url, utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';
import { sha256 } from './primitives.js';

/** What the fragment of a link says. Everything else about the room is derived from it. */
export const linkFlags = { postQuantum: 1, relayOnly: 2 };

/** Octets of a decoded fragment: version, flags, S, D, check. */
const fragmentLength = 1 + 1 + 16 + 32 + 4;
const fragmentCharacters = 72;

/**
 * @typedef {object} Link
 * @property {number} flags see {@link linkFlags}
 * @property {Uint8Array} secret S, 16 octets
 * @property {Uint8Array} sessionKey D, 32 octets: the doctor's X25519 key for this consultation
 */

/**
 * Reads the part of the link behind `#`.
 * @param {string} fragment untrusted
 * @returns {Promise<Link>}
 * @throws {ProtocolError} `alphabet`, `incomplete` (cut off, lengthened, or with a letter changed on its
 *   way), `version`, `flags` (this page is too old for the link)
 */
export async function parseLink(fragment) {
  if (/[^A-Za-z0-9_-]/.test(fragment)) throw new ProtocolError('alphabet');
  if (fragment.length !== fragmentCharacters) throw new ProtocolError('incomplete');
  const octets = fromBase64url(fragment);
  if (octets.length !== fragmentLength) throw new ProtocolError('incomplete');
  if (!equal(octets.subarray(50), await check(octets.subarray(0, 50)))) throw new ProtocolError('incomplete');
  if (octets[0] !== 1) throw new ProtocolError('version');
  const flags = octets[1] ?? 0;
  if ((flags & ~(linkFlags.postQuantum | linkFlags.relayOnly)) !== 0) throw new ProtocolError('flags');
  return { flags, secret: octets.slice(2, 18), sessionKey: octets.slice(18, 50) };
}

/**
 * @param {Uint8Array} body the first 50 octets
 * @returns {Promise<Uint8Array>} 4 octets
 */
async function check(body) {
  return (await sha256(concat(utf8('colloque/1 link'), body))).subarray(0, 4);
}
