// @ts-check
import { fromHex, hex } from './bytes.js';
import { ProtocolError } from './errors.js';

/**
 * What a page keeps of a call, so that it survives a reload of its tab and nothing else. It never holds S.
 * @typedef {object} Session
 * @property {import('./schedule.js').Invitation} invitation its join token is null once admitted
 * @property {import('./channel.js').Bond | null} bond null until the first handshake is confirmed
 * @property {import('./channel.js').Bond[]} former of guests that this page was before it joined afresh, the latest first
 * @property {number} epochNumber the greatest k used
 * @property {number} generation the gen of the next offer
 * @property {Consent | null} consent
 * @property {Comparison} ownComparison what this person said of the words
 * @property {Comparison} peerComparison what the doctor said of them
 *
 * @typedef {'none' | 'same' | 'different'} Comparison
 *
 * @typedef {object} Consent
 * @property {string} locale two letters
 * @property {Uint8Array} textHash SHA-256 of the text that was shown
 * @property {number} time Unix seconds
 */

/**
 * @param {import('./schedule.js').Invitation} invitation
 * @returns {Session}
 */
export const newSession = (invitation) => ({
  invitation,
  bond: null,
  former: [],
  epochNumber: 0,
  generation: 0,
  consent: null,
  ownComparison: 'none',
  peerComparison: 'none',
});

/** @param {Session} session */
export const isAdmitted = (session) => session.invitation.joinToken === null;

/**
 * @param {Session} session
 * @returns {string} for `sessionStorage`
 */
export const serialise = (session) =>
  JSON.stringify(session, (_key, value) => (value instanceof Uint8Array ? { octets: hex(value) } : value));

/**
 * @param {string | null} stored
 * @param {number} wallClock Unix seconds
 * @returns {Session | null} null when there is none, when it expired or when it cannot be read
 */
export function deserialise(stored, wallClock) {
  if (stored === null) return null;
  try {
    /** @type {Session} */
    const session = JSON.parse(stored, (_key, value) => (isPacked(value) ? fromHex(value.octets) : value));
    if (session.invitation.room.length !== 16 || session.invitation.sessionKey.length !== 32) return null;
    if (session.bond !== null && session.bond.expiry < wallClock) return null;
    return { ...session, former: session.former ?? [] };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof ProtocolError) return null;
    throw error;
  }
}

/**
 * Overwrites every secret of a session that is over, as far as a script can.
 * @param {object} session
 */
export function wipe(session) {
  for (const value of Object.values(session)) {
    if (value instanceof Uint8Array) value.fill(0);
    else if (typeof value === 'object' && value !== null) wipe(value);
  }
}

/**
 * @param {unknown} value
 * @returns {value is { octets: string }}
 */
const isPacked = (value) =>
  typeof value === 'object' && value !== null && 'octets' in value && Object.keys(value).length === 1;
