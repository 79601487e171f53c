// @ts-check
import { concat, isZero, u8, utf8 } from './bytes.js';
import { ProtocolError } from './errors.js';

const { subtle } = globalThis.crypto;

/**
 * @param {...Uint8Array} parts
 * @returns {Promise<Uint8Array>} 32 octets
 */
export async function sha256(...parts) {
  return new Uint8Array(await subtle.digest('SHA-256', concat(...parts)));
}

/**
 * HMAC-SHA-256. The key is never empty here: browsers refuse an empty one (they accept an empty message).
 * @param {Uint8Array} key
 * @param {Uint8Array} message
 */
export async function hmac(key, message) {
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return new Uint8Array(await subtle.sign('HMAC', imported, message));
}

/**
 * HKDF-Extract (RFC 5869 §2.2).
 * @param {Uint8Array | string} salt
 * @param {Uint8Array} inputKeyMaterial
 */
export const extract = (salt, inputKeyMaterial) =>
  hmac(typeof salt === 'string' ? utf8(salt) : salt, inputKeyMaterial);

/**
 * HKDF-Expand (RFC 5869 §2.3) for outputs of one block.
 * @param {Uint8Array} key 32 octets
 * @param {Uint8Array | string} info
 * @param {number} count 1…32
 */
export async function expand(key, info, count) {
  const block = await hmac(key, concat(typeof info === 'string' ? utf8(info) : info, u8(1)));
  return block.subarray(0, count);
}

/**
 * @typedef {object} KeyPair
 * @property {CryptoKey} privateKey X25519
 * @property {Uint8Array} publicKey 32 octets
 */

/**
 * A fresh X25519 key that scripts cannot read.
 * @returns {Promise<KeyPair>}
 */
export async function generateKeyPair() {
  const pair = /** @type {CryptoKeyPair} */ (await subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']));
  return { privateKey: pair.privateKey, publicKey: new Uint8Array(await subtle.exportKey('raw', pair.publicKey)) };
}

/**
 * X25519 (RFC 7748 §6.1).
 * @param {CryptoKey} privateKey
 * @param {Uint8Array} publicKey 32 octets
 * @throws {ProtocolError} `low-order` when the result is zero: Chromium, Firefox and Node each say it with
 *   an exception of another name, an older engine with 32 zeros
 */
export async function sharedSecret(privateKey, publicKey) {
  let secret;
  try {
    const imported = await subtle.importKey('raw', publicKey, { name: 'X25519' }, true, []);
    secret = new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: imported }, privateKey, 256));
  } catch {
    throw new ProtocolError('low-order');
  }
  if (isZero(secret)) throw new ProtocolError('low-order');
  return secret;
}

/**
 * Ed25519 (RFC 8032 §5.1.7).
 * @param {Uint8Array} signature 64 octets
 * @param {Uint8Array} message
 * @param {Uint8Array} publicKey 32 octets
 */
export async function verify(signature, message, publicKey) {
  try {
    const key = await subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
    return await subtle.verify({ name: 'Ed25519' }, key, signature, message);
  } catch {
    return false;
  }
}

/** @param {Uint8Array} key 32 octets */
export const importCipherKey = (key) => subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']);

/**
 * AES-256-GCM with a tag of 16 octets behind the ciphertext.
 * @param {CryptoKey} key
 * @param {Uint8Array} nonce 12 octets
 * @param {Uint8Array} additionalData
 * @param {Uint8Array} plaintext
 */
export async function seal(key, nonce, additionalData, plaintext) {
  return new Uint8Array(await subtle.encrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, plaintext));
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} nonce 12 octets
 * @param {Uint8Array} additionalData
 * @param {Uint8Array} ciphertext with its tag
 * @throws {ProtocolError} `authentication`
 */
export async function open(key, nonce, additionalData, ciphertext) {
  if (ciphertext.length < 16) throw new ProtocolError('authentication');
  try {
    return new Uint8Array(await subtle.decrypt({ name: 'AES-GCM', iv: nonce, additionalData }, key, ciphertext));
  } catch {
    throw new ProtocolError('authentication');
  }
}
