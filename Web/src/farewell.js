// @ts-check
import { Alarms } from './alarms.js';
import { Attachment } from './attachment.js';

/**
 * What a call still has to do after its end: wait a moment for the doctor's last words, or say the goodbye that no
 * epoch could carry because the call ended between two of them. Without it the doctor's end would take the call for
 * one that broke, and wait a minute for it.
 */

/** After a goodbye, the other side may still have something to send. Milliseconds. */
const closingDelay = 3_000;
/** How long a goodbye that was not said is tried, and how often. Milliseconds. */
const limit = 20_000;
const interval = 1_000;

export class Farewell {
  /**
   * @param {object} options
   * @param {import('./session.js').Session} options.session
   * @param {{ locale: string, random: (count: number) => Uint8Array, wallClock: () => number }} options.settings
   * @param {Attachment | null} options.attachment the call's own, handed over
   * @param {number} options.socket its number; the next ones follow
   * @param {number | null} options.goodbye what is still to be said, null when it was, see `byeReason`
   * @param {(action: import('./patient.js').PatientAction) => void} options.act
   * @param {number} now
   */
  constructor({ session, settings, attachment, socket, goodbye, act }, now) {
    this.session = session;
    this.settings = settings;
    this.attachment = attachment;
    this.socket = socket;
    this.goodbye = goodbye;
    this.act = act;
    /** @private @type {Alarms<'end' | 'retry'>} */
    this.alarms = new Alarms();
    this.alarms.set('end', now + (goodbye === null ? closingDelay : limit));
    if (goodbye !== null && (attachment === null || attachment.isAwaitingDoctor)) this.#attach(now);
  }

  nextAlarm() {
    const moments = [this.alarms.next() ?? Infinity, this.attachment?.nextAlarm() ?? Infinity];
    const next = Math.min(...moments);
    return next === Infinity ? null : next;
  }

  /**
   * @param {import('./patient.js').PatientEvent} event
   * @param {number} now
   */
  async handle(event, now) {
    switch (event.type) {
      case 'tick':
        for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
          if (due === 'end') this.end();
          else this.#attach(now);
        }
        await this.attachment?.tick(now);
        return this.#drain(now);
      case 'socket-open':
        if (event.id === this.socket) await this.attachment?.open(now);
        return this.#drain(now);
      case 'socket-message':
        if (event.id === this.socket) await this.attachment?.receive(event.octets, now);
        return this.#drain(now);
      case 'socket-closed':
        if (event.id === this.socket) this.#lose(now);
    }
  }

  /** Nothing more is to be said. */
  end() {
    this.goodbye = null;
    this.alarms.clear();
    this.#disconnect();
  }

  /** @param {number} now */
  async #drain(now) {
    for (let outputs = this.#takeOutputs(); outputs.length > 0; outputs = this.#takeOutputs()) {
      for (const output of outputs) {
        if (output.type === 'send') {
          this.act({ type: 'send', id: this.socket, octets: output.octets });
        } else if (output.type === 'confirmed' && this.goodbye !== null) {
          await this.attachment?.send({ type: 'bye', reason: this.goodbye }, now);
          this.goodbye = null;
          this.alarms.set('end', now + closingDelay);
        } else if (output.type === 'refused' || (output.type === 'frame' && output.frame.type === 'bye')) {
          return this.end();
        } else if (output.type === 'lost' || output.type === 'broken') {
          return this.#lose(now);
        }
      }
    }
  }

  #takeOutputs() {
    return this.attachment?.takeOutputs() ?? [];
  }

  /** @param {number} now */
  #attach(now) {
    this.#disconnect();
    this.socket += 1;
    this.attachment = new Attachment({ session: this.session, mode: 'resume', ...this.settings }, now);
    this.act({ type: 'connect', id: this.socket });
  }

  /** @param {number} now */
  #lose(now) {
    if (this.goodbye === null) return this.end();
    this.#disconnect();
    this.alarms.set('retry', now + interval);
  }

  #disconnect() {
    if (this.attachment !== null) this.act({ type: 'close', id: this.socket });
    this.attachment = null;
  }
}
