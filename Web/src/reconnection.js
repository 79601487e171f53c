// @ts-check
import { brokerError } from './envelopes.js';
import { reasonOfBroker } from './reasons.js';
import { isAdmitted } from './session.js';

/**
 * How a lost connection is joined again: in which mode, after how long, and when it is for the person to say. It
 * remembers what went wrong so far and does nothing itself.
 */

/** Attempts that may fail in a row before the person is asked. */
const maximumFailures = 3;
/** The first wait; each is twice the one before. Milliseconds. */
const firstDelay = 500;
const longestDelay = 8_000;
/** The longest wait while a person waits in silence. Milliseconds. */
const longestUrgentDelay = 4_000;
/**
 * Joins of an admitted patient that may be answered `unknown` in a row without sound. The doctor's end may still
 * have to open the room to a broker that was restarted; after this many, some 10 s, there is no room any more.
 */
const maximumUnknown = 5;

export class Reconnection {
  /** @param {(count: number) => Uint8Array} random */
  constructor(random) {
    /** @private */
    this.random = random;
    /** Attempts that failed in a row. */
    this.failures = 0;
    /** A resume must follow: the last epoch ended on something forged or damaged. */
    this.afterForgery = false;
    /** @private @type {'fresh' | 'resume' | null} */
    this.forced = null;
    /** @private */
    this.unknown = 0;
  }

  /** The doctor was heard in an epoch that verifies. */
  succeeded() {
    this.afterForgery = false;
    this.unknown = 0;
  }

  /** The person tries again, and nothing that was counted counts. */
  forget() {
    this.failures = 0;
    this.afterForgery = false;
    this.unknown = 0;
  }

  /**
   * The mode to join in now.
   * @param {import('./session.js').Session} session
   */
  takeMode(session) {
    const mode = this.forced ?? (session.bond === null ? 'fresh' : 'resume');
    this.forced = null;
    return mode;
  }

  /**
   * One more attempt failed.
   * @param {object} situation
   * @param {boolean} situation.isEndless whether something else than a number of failures will end it
   * @param {boolean} situation.isUrgent whether a person waits in silence
   * @returns {number | null} milliseconds until the next, or null: ask the person
   */
  lost({ isEndless, isUrgent }) {
    this.failures += 1;
    if (!(isEndless && !this.afterForgery) && this.failures > maximumFailures) return null;
    const longest = isUrgent ? longestUrgentDelay : longestDelay;
    const delay = Math.min(firstDelay * 2 ** (this.failures - 1), longest);
    const spread = 0.5 + (this.random(1)[0] ?? 0) / 255;
    return Math.min(delay * spread, longest);
  }

  /**
   * What an ERROR of the broker asks for.
   * @param {number} code
   * @param {'fresh' | 'resume' | null} mode of the join it answers
   * @param {import('./session.js').Session} session
   * @param {boolean} isHeard whether sound passes
   * @returns {'later' | 'now' | import('./reasons.js').Reason} join again, or stop with a reason
   */
  refused(code, mode, session, isHeard) {
    if (isAdmitted(session)) {
      this.unknown = code === brokerError.unknownRoom ? this.unknown + 1 : 0;
      return this.unknown > maximumUnknown && !isHeard ? 'unknown-room' : 'later';
    }
    if (code === brokerError.unknownRoom && mode === 'resume') {
      if (this.afterForgery) return 'secure-channel';
      this.forced = 'fresh';
      return 'now';
    }
    if (code === brokerError.used && mode === 'fresh' && session.bond !== null && this.failures < maximumFailures) {
      // Admitted between the two joins: the first one came too early, this one too late.
      this.failures += 1;
      this.forced = 'resume';
      return 'now';
    }
    return reasonOfBroker(code);
  }
}
