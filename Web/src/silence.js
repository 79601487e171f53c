// @ts-check

/**
 * Whether sound still arrives, told from counts of received packets. The doctor's end sends 50 packets a second
 * from the proof of the certificates to the end, muted or not, so a count that stands still is a broken path.
 * Neither browser says so in time: Chromium calls a dead path disconnected after 7 s, and says nothing when a
 * restart has mended it.
 */

/** The longest time without a packet that is no sign yet: bad radio and a change of cell stay below. Milliseconds. */
const limit = 1_500;
/**
 * Counts further apart than this say nothing about the time between them: the page, or its timers, slept. Above
 * the second at which a hidden page is woken. Milliseconds.
 */
const freshness = 1_250;

export class Silence {
  constructor() {
    /** @private @type {{ packets: number, moment: number } | null} */
    this.last = null;
    /** @private */
    this.since = 0;
  }

  /**
   * No packet is expected before now.
   * @param {number} packets received so far
   * @param {number} now
   */
  begin(packets, now) {
    this.last = { packets, moment: now };
    this.since = now;
  }

  /**
   * @param {number} packets received so far
   * @param {number} now
   * @returns {'sound' | 'silence' | 'unknown'} sound: packets came since the count before
   */
  count(packets, now) {
    const { last } = this;
    this.last = { packets, moment: now };
    const isFresh = last !== null && now - last.moment <= freshness;
    if (!isFresh || packets !== last.packets) this.since = now;
    if (isFresh && packets !== last.packets) return 'sound';
    return now - this.since >= limit ? 'silence' : 'unknown';
  }
}
