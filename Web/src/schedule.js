// @ts-check
import { concat, lp, u32, utf8 } from './bytes.js';
import { expand, extract, hmac, sha256 } from './primitives.js';

/** Every key of the protocol, from the link to the last epoch. HKDF is RFC 5869 with SHA-256. */

const zeros32 = new Uint8Array(32);

/**
 * What both ends derive from the link before they have said anything. The page keeps this, never S.
 * @typedef {object} Invitation
 * @property {number} flags
 * @property {Uint8Array} sessionKey D, 32 octets
 * @property {Uint8Array} room the room's address at the broker, 16 octets
 * @property {Uint8Array} presharedKey psk_0, 32 octets
 * @property {Uint8Array | null} joinToken 32 octets; null once admitted
 */

/**
 * @param {import('./link.js').Link} link
 * @returns {Promise<Invitation>}
 */
export async function deriveInvitation(link) {
  const key = await extract('colloque/1 invite', concat(link.secret, link.sessionKey));
  const [room, joinToken, presharedKey] = await Promise.all([
    expand(key, 'colloque/1 room', 16),
    expand(key, 'colloque/1 join', 32),
    expand(key, 'colloque/1 psk', 32),
  ]);
  return { flags: link.flags, sessionKey: link.sessionKey, room, presharedKey, joinToken };
}

/**
 * What the broker stores in place of a token.
 * @param {Uint8Array} token
 */
export const joinHash = (token) => sha256(utf8('colloque/1 join-hash'), token);

/** @param {Uint8Array} room */
export const callPrologue = (room) => lp('colloque/1', 'call', room, u32(0), zeros32);

/**
 * @param {Uint8Array} room
 * @param {number} epoch
 * @param {Uint8Array} transcript T_0
 */
export const resumePrologue = (room, epoch, transcript) => lp('colloque/1', 'resume', room, u32(epoch), transcript);

/**
 * @typedef {object} EpochKeys
 * @property {Uint8Array} resumeSecret R, meaningful in epoch 0 only
 * @property {Uint8Array} bindingKey K_bind
 */

/**
 * @param {Uint8Array} hash handshake hash
 * @param {Uint8Array} chainingKey the final one
 * @returns {Promise<EpochKeys>}
 */
export async function deriveEpochKeys(hash, chainingKey) {
  const exporter = await extract(hash, await hmac(chainingKey, utf8('colloque/1 exporter')));
  const [resumeSecret, bindingKey] = await Promise.all([
    expand(exporter, 'colloque/1 resume', 32),
    expand(exporter, 'colloque/1 dtls-bind', 32),
  ]);
  return { resumeSecret, bindingKey };
}

/**
 * @param {Uint8Array} previous T_(k-1), or 32 zeros for T_0
 * @param {Uint8Array} hash h_k
 */
export const nextTranscript = (previous, hash) => sha256(lp('colloque/1 transcript', previous, hash));

/**
 * T_0.
 * @param {Uint8Array} hash h_0
 */
export const firstTranscript = (hash) => nextTranscript(zeros32, hash);

/** @param {Uint8Array} resumeSecret R */
export const rejoinToken = (resumeSecret) => expand(resumeSecret, 'colloque/1 rejoin', 32);

/**
 * psk_k.
 * @param {Uint8Array} presharedKey psk_0
 * @param {Uint8Array} resumeSecret R
 * @param {number} epoch k
 */
export async function resumePresharedKey(presharedKey, resumeSecret, epoch) {
  const key = await extract(presharedKey, resumeSecret);
  return expand(key, concat(utf8('colloque/1 psk-resume'), u32(epoch)), 32);
}

/**
 * The patient's promise of rP, made before the doctor shows rD.
 * @param {Uint8Array} room
 * @param {Uint8Array} ephemeral the public key of message 1
 * @param {Uint8Array} patientNonce rP, 32 octets
 */
export const commitment = (room, ephemeral, patientNonce) =>
  sha256(lp('colloque/1 sas-commit', room, ephemeral, patientNonce));

/**
 * The octets both people compare by voice.
 * @param {Uint8Array} hash h_0
 * @param {Uint8Array} patientNonce rP
 * @param {Uint8Array} doctorNonce rD
 * @returns {Promise<Uint8Array>} 8 octets
 */
export async function authenticationString(hash, patientNonce, doctorNonce) {
  return expand(await extract(hash, concat(patientNonce, doctorNonce)), 'colloque/1 sas', 8);
}

/**
 * Four indices into a list of 256 words.
 * @param {Uint8Array} octets of {@link authenticationString}
 */
export const wordIndices = (octets) => Array.from(octets.subarray(0, 4));

/**
 * Eight decimal digits: the first five octets, big-endian, modulo 10^8.
 * @param {Uint8Array} octets
 */
export function digits(octets) {
  const value = octets.subarray(0, 5).reduce((sum, octet) => sum * 256 + octet, 0);
  return String(value % 1e8).padStart(8, '0');
}

/**
 * What an end sends to prove which certificates it saw in DTLS.
 * @param {'P' | 'D'} side who sends it
 * @param {Uint8Array} bindingKey K_bind of the epoch
 * @param {Uint8Array} hash h of the epoch
 * @param {Uint8Array} patientFingerprint SHA-256 of the patient's certificate, 32 octets
 * @param {Uint8Array} doctorFingerprint SHA-256 of the doctor's certificate, 32 octets
 */
export const bindingTag = (side, bindingKey, hash, patientFingerprint, doctorFingerprint) =>
  hmac(bindingKey, lp(`colloque/1 bind ${side}`, hash, patientFingerprint, doctorFingerprint));
