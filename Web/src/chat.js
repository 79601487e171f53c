// @ts-check
import { legible, longest } from './untrusted.js';

/**
 * What both ends wrote to each other in this call. It lives in memory only: a reload forgets it.
 *
 * @typedef {object} Message
 * @property {number} id grows within the messages of one side; a number again is the same message, written further
 * @property {boolean} mine
 * @property {string} text
 * @property {boolean} isSent
 */

/** Messages that are kept. */
const most = 200;

export class Chat {
  constructor() {
    /** @type {Message[]} replaced at every change, never altered */
    this.messages = [];
    /** @private */
    this.last = 0;
    /** @private What is being written, where each letter is shown to the doctor. @type {Message | null} */
    this.draft = null;
    /** @private The number of the doctor's newest message in this epoch. */
    this.theirs = 0;
  }

  /**
   * @param {string} text
   * @param {boolean} isWhole whether no more will follow
   * @param {number} wallClock Unix seconds: numbers go on growing when the page was reloaded
   */
  write(text, isWhole, wallClock) {
    const cut = (isWhole ? text.trim() : text).slice(0, longest);
    if (cut === '' && this.draft === null) return;
    if (this.draft === null) this.last = Math.max(this.last + 1, wallClock);
    const message = { id: this.last, mine: true, text: cut, isSent: false };
    // Of a message that was begun and given up, an empty one takes back what the doctor has seen.
    this.draft = isWhole && cut !== '' ? null : message;
    if (this.draft === null) this.#add(message);
  }

  /**
   * @param {number} id
   * @param {string} text the doctor's
   */
  receive(id, text) {
    const isSame = id !== 0 && id === this.theirs;
    this.theirs = id;
    const message = { id, mine: false, text: legible(text), isSent: true };
    const before = isSame ? this.messages.filter(({ mine }) => !mine).pop() : undefined;
    const isEmpty = message.text.trim() === '';
    if (before === undefined) {
      if (!isEmpty) this.#add(message);
    } else this.messages = this.messages.flatMap((one) => (one !== before ? [one] : isEmpty ? [] : [message]));
  }

  /** A doctor's end that was made anew counts from the beginning. */
  epochEnded() {
    this.theirs = 0;
  }

  /** Own messages that wait. */
  pending() {
    return [...this.messages, ...(this.draft === null ? [] : [this.draft])].filter(({ isSent }) => !isSent);
  }

  /** @param {Message} message went out */
  sent(message) {
    if (message === this.draft) this.draft = message.text === '' ? null : { ...message, isSent: true };
    else this.messages = this.messages.map((one) => (one === message ? { ...one, isSent: true } : one));
  }

  /** @param {Message} message */
  #add(message) {
    this.messages = [...this.messages, message].slice(-most);
  }
}
