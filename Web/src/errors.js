// @ts-check

/**
 * What can be wrong with something this page was given. Each code is stable: it may reach
 * `document.documentElement.dataset.error`.
 *
 * Link: `incomplete` (cut off or damaged on its way), `alphabet`, `version`, `flags`, `post-quantum`.
 * Wire: `malformed` (an envelope, a frame or a payload that does not follow the protocol).
 * Channel: `authentication` (a tag or a signature that does not verify), `low-order` (a public key that
 * gives a shared secret of zeros), `commitment`, `delegation`, `delegation-dates`, `exhausted` (too many
 * messages under one key).
 * @typedef {'incomplete' | 'alphabet' | 'version' | 'flags' | 'post-quantum' | 'malformed' | 'authentication'
 *   | 'low-order' | 'commitment' | 'delegation' | 'delegation-dates' | 'exhausted'} ProtocolErrorCode
 */

/** A peer's or a link's mistake, told by its code alone: never by the octets that caused it. */
export class ProtocolError extends Error {
  /** @param {ProtocolErrorCode} code */
  constructor(code) {
    super(code);
    this.name = 'ProtocolError';
    /** @readonly */
    this.code = code;
  }
}
