// @ts-check
import { Silence } from './silence.js';

/** What is known of the path in use from what is heard on it, since the last offer and since the last doubt. */
export class PathWatch {
  constructor() {
    /** @private */
    this.silence = new Silence();
    /** Sound that stood before is missing. */
    this.isSilent = false;
    /** The last offer was answered and brought no sound: the call in use cannot be relied on. */
    this.isFruitless = false;
    /** @private Whether packets came since the last offer. */
    this.heard = false;
    /** @private When that offer was made. */
    this.offeredAt = -Infinity;
    /**
     * @private
     * When something happened after which the path may be gone; null once sound came later than that.
     * @type {number | null}
     */
    this.doubtedAt = null;
    /** @private The moment of the last count. */
    this.countedAt = -Infinity;
  }

  get isDoubted() {
    return this.doubtedAt !== null;
  }

  /** @param {number} now */
  doubt(now) {
    this.doubtedAt = now;
  }

  /** @param {number} now an offer is made: it answers every doubt, and has to bring sound */
  offered(now) {
    this.offeredAt = now;
    this.heard = false;
    this.isFruitless = false;
    this.doubtedAt = null;
  }

  /**
   * The offer is of another call, which has received nothing yet.
   * @param {boolean} isMissed whether sound stood before
   * @param {number} now
   */
  callBegan(isMissed, now) {
    this.silence.begin(0, now);
    this.isSilent = isMissed;
  }

  /**
   * Nothing is expected before the certificates are proved.
   * @param {number} packets
   * @param {number} now
   */
  idle(packets, now) {
    this.silence.begin(packets, now);
  }

  /**
   * @param {number} packets received so far in this call
   * @param {number} now
   * @returns {boolean} whether sound stopped just now
   */
  count(packets, now) {
    const since = this.countedAt;
    this.countedAt = now;
    const verdict = this.silence.count(packets, now);
    if (verdict === 'sound') {
      this.isSilent = false;
      // Only what came wholly after an offer, or a doubt, speaks for the path that stands now.
      if (since >= this.offeredAt) this.heard = true;
      if (this.doubtedAt !== null && since >= this.doubtedAt) this.doubtedAt = null;
    }
    if (verdict !== 'silence' || this.isSilent) return false;
    this.isSilent = true;
    return true;
  }

  /** Whether the path that the last offer made carries sound. */
  get hasSound() {
    return this.heard && !this.isSilent;
  }

  /**
   * Sound is missing after an offer: what that says of the call.
   * @param {boolean} isAnswered
   */
  judge(isAnswered) {
    if (isAnswered && !this.heard) this.isFruitless = true;
  }
}
