// @ts-check

/**
 * How well the voices travel, in one of three words, from what both ends count. A word changes when the newer one
 * has held for a while: soon for the worse, late for the better, so that it does not flicker.
 *
 * @typedef {'good' | 'fair' | 'poor'} Quality
 *
 * @typedef {object} Sample totals of one report, or the latest values; what a browser does not tell is zero
 * @property {number} received packets
 * @property {number} lost packets
 * @property {number} jitter seconds
 * @property {number} roundTrip seconds
 * @property {number} lostThere the part of this end's packets that the other end missed lately, 0…1
 */

/** Above any of these a voice is no longer good, or no longer fair: parts, seconds, seconds. */
const bounds = /** @type {const} */ ({
  fair: { loss: 0.02, jitter: 0.04, roundTrip: 0.4 },
  poor: { loss: 0.08, jitter: 0.1, roundTrip: 0.8 },
});
/** Loss is taken over this long. Milliseconds. */
const window = 5_000;
/** How long the newer word must hold. Milliseconds. */
const hold = { worse: 1_500, better: 6_000 };
const rank = { good: 0, fair: 1, poor: 2 };

export class QualityMeter {
  constructor() {
    /** @type {Quality | null} null until enough was counted */
    this.word = null;
    /** @private @type {{ at: number, received: number, lost: number }[]} */
    this.samples = [];
    /** @private @type {{ word: Quality, since: number } | null} */
    this.candidate = null;
  }

  /**
   * @param {Sample} sample
   * @param {number} now milliseconds
   */
  measure({ received, lost, jitter, roundTrip, lostThere }, now) {
    const last = this.samples.at(-1);
    // Another connection counts from the beginning.
    if (last !== undefined && (received < last.received || lost < last.lost)) this.samples = [];
    this.samples.push({ at: now, received, lost });
    while ((this.samples[1]?.at ?? now) <= now - window) this.samples.shift();
    const first = this.samples[0];
    if (first === undefined || now - first.at < 2_000) return;
    const lostHere = lost - first.lost;
    const loss = Math.max(lostHere / Math.max(1, lostHere + received - first.received), lostThere);
    const exceeds = (/** @type {'fair' | 'poor'} */ name) =>
      loss > bounds[name].loss || jitter > bounds[name].jitter || roundTrip > bounds[name].roundTrip;
    this.#consider(exceeds('poor') ? 'poor' : exceeds('fair') ? 'fair' : 'good', now);
  }

  /**
   * @param {Quality} word
   * @param {number} now
   */
  #consider(word, now) {
    this.word ??= word;
    if (word === this.word) this.candidate = null;
    else if (this.candidate?.word !== word) this.candidate = { word, since: now };
    else if (now - this.candidate.since >= (rank[word] > rank[this.word] ? hold.worse : hold.better)) {
      this.word = word;
      this.candidate = null;
    }
  }
}

/**
 * @param {any[]} entries of one statistics report
 * @returns {Sample}
 */
export function sampleOf(entries) {
  const here = entries.find(({ type, kind }) => type === 'inbound-rtp' && kind === 'audio');
  const there = entries.find(({ type, kind }) => type === 'remote-inbound-rtp' && kind === 'audio');
  const pair = entries.find(({ type, state, nominated }) => type === 'candidate-pair' && state === 'succeeded' && nominated);
  return {
    received: here?.packetsReceived ?? 0,
    lost: Math.max(0, here?.packetsLost ?? 0),
    jitter: here?.jitter ?? 0,
    roundTrip: there?.roundTripTime ?? pair?.currentRoundTripTime ?? 0,
    lostThere: there?.fractionLost ?? 0,
  };
}
