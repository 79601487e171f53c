// @ts-check

/**
 * A number for every error, short enough to be read out on the telephone and the same in every language; what each
 * means to whoever answers stands in docs/operations.md. A number is never given to another error.
 * @type {Readonly<Record<string, number>>}
 */
export const codes = {
  missing: 11, incomplete: 12, alphabet: 13, version: 14, flags: 15, 'post-quantum': 16, used: 17, 'unknown-room': 18,
  'browser-unsupported': 21, 'in-app': 22, 'microphone-denied': 23, 'microphone-missing': 24, 'microphone-busy': 25,
  'other-tab': 31, 'taken-over': 32, 'refused-other-device': 33,
  refused: 41, 'refused-not-now': 42, 'refused-wrong-person': 43, 'doctor-error': 44, closed: 45, expired: 46,
  full: 51, rate: 52, protocol: 53, 'relay-missing': 54, network: 61, 'no-path': 62,
  'words-differ': 71, 'binding-failed': 72, 'secure-channel': 73, identity: 74, clock: 75, internal: 81,
};
