// X25519 keys that are known beforehand: for a responder, and for tests that reproduce vectors. The page has none.
import { concat } from '../src/bytes.js';
import { sharedSecret } from '../src/primitives.js';

/** RFC 8410 §7: the octets that stand before a raw X25519 private key in PKCS #8. */
const pkcs8Prefix = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20);

/**
 * @param {Uint8Array} raw 32 octets
 * @returns {Promise<import('../src/primitives.js').KeyPair>}
 */
export async function importKeyPair(raw) {
  const privateKey = await crypto.subtle.importKey('pkcs8', concat(pkcs8Prefix, raw), { name: 'X25519' }, true, ['deriveBits']);
  const basePoint = new Uint8Array(32);
  basePoint[0] = 9;
  return { privateKey, publicKey: await sharedSecret(privateKey, basePoint) };
}
