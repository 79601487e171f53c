// @ts-check

/**
 * Named moments to come. Times are milliseconds of any clock that never goes back.
 * @template {string} Name
 */
export class Alarms {
  constructor() {
    /** @private @type {Map<Name, number>} */
    this.moments = new Map();
  }

  /**
   * @param {Name} name
   * @param {number} moment
   */
  set(name, moment) {
    this.moments.set(name, moment);
  }

  /** @param {...Name} names all of them when none is given */
  clear(...names) {
    if (names.length === 0) this.moments.clear();
    for (const name of names) this.moments.delete(name);
  }

  /** @param {Name} name */
  isSet(name) {
    return this.moments.has(name);
  }

  /** The first moment to come, or null. */
  next() {
    return this.moments.size === 0 ? null : Math.min(...this.moments.values());
  }

  /**
   * Takes out one alarm whose moment has come, the earliest first.
   * @param {number} now
   * @returns {Name | null}
   */
  takeDue(now) {
    const due = [...this.moments].filter(([, moment]) => moment <= now).sort(([, a], [, b]) => a - b)[0];
    if (due === undefined) return null;
    this.moments.delete(due[0]);
    return due[0];
  }
}
