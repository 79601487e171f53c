// @ts-check
import { Alarms } from './alarms.js';
import { Attachment } from './attachment.js';
import { brokerError } from './envelopes.js';
import { reasonOfBreach } from './reasons.js';
import { Reconnection } from './reconnection.js';
import { isAdmitted } from './session.js';

/**
 * The line to the doctor's end: one attachment after another, each on a socket of its own. It joins, joins again, and
 * says when it gives up; what a frame means is for the call.
 *
 * @typedef {{ type: 'frame', frame: import('./frames.js').HeardFrame }
 *   | { type: 'stop', reason: import('./reasons.js').Reason }} News
 *
 * @typedef {object} Sound what the call knows of it
 * @property {boolean} isHeard
 * @property {boolean} isTroubled it stood once, and is or may be gone
 * @property {boolean} hasStood
 *
 * @typedef {object} Surroundings
 * @property {(action: import('./patient.js').PatientAction) => void} act
 * @property {() => void} save
 * @property {() => void} left the attachment in use, and its epoch, are over
 * @property {() => Sound} sound
 */

/** An epoch, or a place in the queue, that held this long makes earlier failures history. Milliseconds. */
const stableAfter = 60_000;
/** A second report of a changed network within this time means the same change. Milliseconds. */
const sameChange = 2_000;
/** A doubted socket is replaced without a wait once in this time; then the wait grows as after a loss. Milliseconds. */
const doubtInterval = 10_000;
/** Guests of before that are remembered: the doctor's end forgets a dead one after a minute. */
const mostFormer = 3;

export class Line {
  /**
   * @param {import('./session.js').Session} session
   * @param {{ locale: string, random: (count: number) => Uint8Array, wallClock: () => number }} settings
   * @param {Surroundings} surroundings
   */
  constructor(session, settings, surroundings) {
    this.session = session;
    this.settings = settings;
    this.surroundings = surroundings;
    /** @type {Attachment | null} */
    this.attachment = null;
    /** The number of the socket in use; the next ones follow. */
    this.socket = 0;
    this.doctorPresent = false;
    /** From the broker's word that the doctor's end is away until that end is heard, or the broker lost. */
    this.missesDoctor = false;
    /** @private */
    this.reconnection = new Reconnection(settings.random);
    /** @private When a doubted socket was last replaced without a wait. */
    this.doubtedAt = -Infinity;
    /** @private @type {Alarms<'retry' | 'stable'>} */
    this.alarms = new Alarms();
    /** @private Whether this end claims to be the guest whom the doctor admitted instead. */
    this.claims = false;
    /** @private Of the attachment in use, not worked off yet. @type {import('./attachment.js').AttachmentOutput[]} */
    this.pending = [];
    /** @private @type {News[]} */
    this.news = [];
  }

  /** Frames pass both ways. */
  get isEstablished() {
    return this.attachment?.isEstablished ?? false;
  }

  /** Whether the broker says that the doctor's end is away. */
  get isAwaitingDoctor() {
    return this.attachment?.isAwaitingDoctor ?? false;
  }

  /** Whether the last attempt to join failed and the broker was not heard since. */
  get seeksServer() {
    return this.reconnection.failures > 0 && (this.attachment?.isJoining ?? true);
  }

  nextAlarm() {
    const next = Math.min(this.alarms.next() ?? Infinity, this.attachment?.nextAlarm() ?? Infinity);
    return next === Infinity ? null : next;
  }

  /**
   * @param {Extract<import('./patient.js').PatientEvent, { id: number }>} event of a socket
   * @param {number} now
   */
  async handle(event, now) {
    if (event.id !== this.socket) return;
    if (event.type === 'socket-open') await this.attachment?.open(now);
    else if (event.type === 'socket-message') await this.attachment?.receive(event.octets, now);
    else if (this.attachment !== null) this.lose(now);
  }

  /** @param {number} now */
  async tick(now) {
    for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
      if (due === 'retry') this.attach(now);
      else this.reconnection.failures = 0;
    }
    await this.attachment?.tick(now);
  }

  /**
   * Works off what happened on the line, up to the next thing that the call has to know.
   * @param {number} now
   * @returns {News | null}
   */
  takeNews(now) {
    for (;;) {
      const news = this.news.shift();
      if (news !== undefined) return news;
      this.pending.push(...(this.attachment?.takeOutputs() ?? []));
      const output = this.pending.shift();
      if (output === undefined) return null;
      this.#take(output, now);
    }
  }

  /**
   * @param {import('./frames.js').SaidFrame} frame
   * @param {number} now
   * @returns {Promise<boolean>} whether it went out
   */
  send(frame, now) {
    return this.attachment?.send(frame, now) ?? Promise.resolve(false);
  }

  /**
   * Opens a new connection.
   * @param {number} now
   */
  attach(now) {
    const { session, settings, surroundings } = this;
    if (session.bond !== null && session.bond.expiry < settings.wallClock()) return this.#giveUp('expired');
    const mode = this.reconnection.takeMode(session);
    this.alarms.clear('retry', 'stable');
    surroundings.save();
    this.socket += 1;
    const inHaste = surroundings.sound().isTroubled && this.reconnection.failures < 2;
    this.attachment = new Attachment({ session, mode, inHaste, ...settings }, now);
    surroundings.act({ type: 'connect', id: this.socket });
  }

  /**
   * The network may be another one: leaves the connection, if any, and joins again at once.
   * @param {number} now
   */
  attachAnew(now) {
    if (this.attachment === null || now - this.attachment.startedAt >= sameChange) this.#rejoin(now);
  }

  /**
   * The person tries again: nothing that was counted counts.
   * @param {number} socket the last number in use
   * @param {number} now
   */
  begin(socket, now) {
    this.socket = socket;
    this.reconnection.forget();
    this.attach(now);
  }

  /**
   * The socket may be dead, and nobody will say so.
   * @param {number} now
   */
  doubt(now) {
    if (this.attachment === null || now - this.attachment.startedAt < sameChange) return;
    // The doctor's end is away: that is the reason of the silence, and not this socket.
    if (this.attachment.isAwaitingDoctor) return;
    if (now - this.doubtedAt < doubtInterval) return this.lose(now);
    this.doubtedAt = now;
    this.#rejoin(now);
  }

  /**
   * The connection is gone: joins again later, or gives up.
   * @param {number} now
   */
  lose(now) {
    this.disconnect();
    this.missesDoctor = false;
    const { hasStood, isTroubled } = this.surroundings.sound();
    // While sound passes nothing is missed, and once it is gone the call's patience is what ends.
    const isEndless = isAdmitted(this.session) && hasStood;
    const delay = this.reconnection.lost({ isEndless, isUrgent: isTroubled });
    if (delay === null) return this.#giveUp(this.reconnection.afterForgery ? 'secure-channel' : 'network');
    this.alarms.set('retry', now + delay);
  }

  /**
   * The doctor admitted another guest. That may be the one this page was before its socket died and it joined afresh.
   * @param {number} now
   * @returns {boolean} whether there is one to claim
   */
  claim(now) {
    const bond = this.session.former.shift();
    if (bond === undefined) return false;
    Object.assign(this.session, { bond, epochNumber: 0 });
    this.claims = true;
    this.#rejoin(now);
    return true;
  }

  /**
   * What came does not hold.
   * @param {import('./errors.js').ProtocolErrorCode} code
   * @param {boolean} confirmed whether an epoch stood
   * @param {number} now
   */
  breach(code, confirmed, now) {
    if (!confirmed) return this.#giveUp(reasonOfBreach(code));
    this.reconnection.afterForgery = true;
    this.lose(now);
  }

  /** Sends what was to be sent; nothing else that happened counts any more. */
  flush() {
    const outputs = [...this.pending.splice(0), ...(this.attachment?.takeOutputs() ?? [])];
    for (const output of outputs) if (output.type === 'send') this.#send(output.octets);
  }

  disconnect() {
    if (this.attachment !== null) this.surroundings.act({ type: 'close', id: this.socket });
    this.handOver();
  }

  /** @returns {Attachment | null} the connection as it is, for somebody else to end */
  handOver() {
    const { attachment } = this;
    this.attachment = null;
    this.pending = [];
    this.alarms.clear();
    this.surroundings.left();
    return attachment;
  }

  /** @param {Uint8Array} octets */
  #send(octets) {
    this.surroundings.act({ type: 'send', id: this.socket, octets });
  }

  /**
   * @param {import('./attachment.js').AttachmentOutput} output
   * @param {number} now
   */
  #take(output, now) {
    switch (output.type) {
      case 'send':
        return this.#send(output.octets);
      case 'save':
        return this.surroundings.save();
      case 'doctor':
        this.doctorPresent = output.present;
        if (!output.present) this.missesDoctor = true;
        if (!this.alarms.isSet('stable')) this.alarms.set('stable', now + stableAfter);
        return;
      case 'confirmed':
        if (output.bond !== null) {
          const fresh = /** @type {const} */ ({ epochNumber: 0, ownComparison: 'none', peerComparison: 'none' });
          const former = [this.session.bond, ...this.session.former].flatMap((bond) => bond ?? []).slice(0, mostFormer);
          Object.assign(this.session, fresh, { bond: output.bond, former, consent: null });
        }
        this.alarms.set('stable', now + stableAfter);
        return this.surroundings.save();
      case 'frame':
        this.reconnection.succeeded();
        this.missesDoctor = false;
        this.claims = false;
        this.news.push(output);
        return;
      case 'refused':
        return this.#refused(output.code, now);
      case 'lost':
        return output.cause === 'timeout' ? this.lose(now) : this.#rejoin(now);
      case 'broken':
        return this.breach(output.code, output.confirmed, now);
    }
  }

  /**
   * @param {number} code of the broker
   * @param {number} now
   */
  #refused(code, now) {
    if (this.claims && code === brokerError.unknownRoom) {
      if (!this.claim(now)) this.#giveUp('refused-other-device');
      return;
    }
    const mode = this.attachment?.mode ?? null;
    const answer = this.reconnection.refused(code, mode, this.session, this.surroundings.sound().isHeard);
    if (answer === 'later') this.lose(now);
    else if (answer === 'now') this.#rejoin(now);
    else this.#giveUp(answer);
  }

  /** @param {number} now */
  #rejoin(now) {
    this.disconnect();
    this.attach(now);
  }

  /** @param {import('./reasons.js').Reason} reason */
  #giveUp(reason) {
    this.news.push({ type: 'stop', reason });
  }
}
