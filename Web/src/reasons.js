// @ts-check
import { brokerError } from './envelopes.js';
import { byeReason, refuseReason } from './frames.js';

/**
 * Why a call ended or stopped: stable codes, each with its text in every language.
 * @typedef {'hung-up' | 'ended-by-doctor' | 'expired' | 'consent-refused' | 'refused' | 'refused-other-device'
 *   | 'refused-not-now' | 'refused-wrong-person' | 'words-differ' | 'binding-failed' | 'doctor-error' | 'used'
 *   | 'unknown-room' | 'full' | 'rate' | 'protocol' | 'closed' | 'network' | 'no-path' | 'relay-missing'
 *   | 'secure-channel' | 'identity' | 'clock' | 'taken-over' | 'internal'} Reason
 */

/** @type {ReadonlySet<Reason>} */
const retryable = new Set(['unknown-room', 'full', 'rate', 'closed', 'network', 'no-path', 'secure-channel', 'clock',
  'taken-over', 'internal', 'refused-not-now', 'relay-missing']);

/** @type {ReadonlySet<Reason>} */
const orderly = new Set(['hung-up', 'ended-by-doctor', 'expired', 'consent-refused', 'refused', 'refused-other-device',
  'refused-not-now', 'refused-wrong-person']);

/**
 * Whether the person can try again with the same link.
 * @param {Reason} reason
 */
export const canRetry = (reason) => retryable.has(reason);

/**
 * Whether a person ended it, rather than a failure.
 * @param {Reason} reason
 */
export const isOrderly = (reason) => orderly.has(reason);

/** @type {Record<number, Reason>} */
const refusals = {
  [refuseReason.otherDevice]: 'refused-other-device',
  [refuseReason.notNow]: 'refused-not-now',
  [refuseReason.wrongPerson]: 'refused-wrong-person',
};

/** @type {Record<number, Reason>} */
const goodbyes = {
  [byeReason.wordsDiffer]: 'words-differ',
  [byeReason.bindingFailed]: 'binding-failed',
  [byeReason.expired]: 'expired',
  [byeReason.error]: 'doctor-error',
};

/** @type {Record<number, Reason>} */
const errorsOfBroker = {
  [brokerError.unknownRoom]: 'unknown-room',
  [brokerError.used]: 'used',
  [brokerError.full]: 'full',
  [brokerError.rate]: 'rate',
  [brokerError.closed]: 'closed',
};

/**
 * @param {number} code of the doctor's REFUSE
 * @returns {Reason}
 */
export const reasonOfRefusal = (code) => refusals[code] ?? 'refused';

/**
 * @param {number} code of the doctor's BYE
 * @returns {Reason}
 */
export const reasonOfGoodbye = (code) => goodbyes[code] ?? 'ended-by-doctor';

/**
 * @param {number} code of the broker's ERROR
 * @returns {Reason}
 */
export const reasonOfBroker = (code) => errorsOfBroker[code] ?? 'protocol';

/**
 * @param {import('./errors.js').ProtocolErrorCode} code of a handshake that did not hold
 * @returns {Reason}
 */
export function reasonOfBreach(code) {
  if (code === 'delegation') return 'identity';
  return code === 'delegation-dates' ? 'clock' : 'secure-channel';
}
