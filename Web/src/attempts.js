// @ts-check

/**
 * How long each attempt to bring sound back may take. The first is short, since a person is waiting in silence;
 * each that follows is longer, so that a slow network gets the time it needs and a dead one is not flooded: eight
 * attempts in the minute after which the call is given up.
 *
 * With silence noticed within 2 s, a first attempt that dies and a second that holds bring sound back within 8 s.
 */

/** From an offer to sound: 4, 6, 9, 10, 10 … s. Four round trips to a far relay over TLS take 3 s. Milliseconds. */
const firstLimit = 4_000;
const growth = 1.5;
const longestLimit = 10_000;
/**
 * From an offer to its answer: 1.5, 3, 4.5, 6, 6 … s. The doctor's end answers at once, so this is one round trip
 * between the ends; beyond it the socket is taken for dead, as after a change of address. Milliseconds.
 */
const firstAnswer = 1_500;
const longestAnswer = 6_000;
/** Attempts this far apart are not of one series. Above the longest limit. Milliseconds. */
const calm = 15_000;

export class Attempts {
  constructor() {
    /** @private In this series. */
    this.count = 0;
    /** @private */
    this.last = -Infinity;
  }

  /** @param {number} now an attempt begins */
  begin(now) {
    if (now - this.last > calm) this.count = 0;
    this.count += 1;
    this.last = now;
  }

  /** Milliseconds the attempt may take. */
  get limit() {
    return Math.min(firstLimit * growth ** (this.count - 1), longestLimit);
  }

  /** Milliseconds its answer may take. */
  get answerLimit() {
    return Math.min(firstAnswer * this.count, longestAnswer);
  }

  /** The earliest moment for the next attempt of the same epoch: paths that come and go make no storm. */
  get earliest() {
    return this.last + (this.count === 0 ? 0 : this.limit);
  }
}
