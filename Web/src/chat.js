// @ts-check

/**
 * What both ends wrote to each other in this call. It lives in memory only: a reload forgets it.
 *
 * @typedef {object} Message
 * @property {number} id grows within this page's own messages; zero in the doctor's
 * @property {boolean} mine
 * @property {string} text
 * @property {boolean} isSent
 */

/** Characters of one message, so that any of them fit one frame, and messages kept. */
export const longest = 2_000;
const most = 200;

export class Chat {
  constructor() {
    /** @type {Message[]} replaced at every change, never altered */
    this.messages = [];
    /** @private */
    this.last = 0;
  }

  /**
   * @param {string} text
   * @param {number} wallClock Unix seconds: numbers go on growing when the page was reloaded
   */
  write(text, wallClock) {
    const trimmed = text.trim().slice(0, longest);
    if (trimmed === '') return;
    this.last = Math.max(this.last + 1, wallClock);
    this.#add({ id: this.last, mine: true, text: trimmed, isSent: false });
  }

  /** @param {string} text the doctor's */
  receive(text) {
    if (text.trim() !== '') this.#add({ id: 0, mine: false, text: text.slice(0, longest), isSent: true });
  }

  /** Own messages that wait. */
  pending() {
    return this.messages.filter(({ isSent }) => !isSent);
  }

  /** @param {Message} message went out */
  sent(message) {
    this.messages = this.messages.map((one) => (one === message ? { ...one, isSent: true } : one));
  }

  /** @param {Message} message */
  #add(message) {
    this.messages = [...this.messages, message].slice(-most);
  }
}
