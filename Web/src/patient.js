// @ts-check
import { Alarms } from './alarms.js';
import { Chat } from './chat.js';
import { Farewell } from './farewell.js';
import { byeReason, refuseReason } from './frames.js';
import { Line } from './line.js';
import { linkFlags } from './link.js';
import { Media } from './media.js';
import { canRetry, isOrderly, reasonOfGoodbye, reasonOfRefusal } from './reasons.js';
import { isAdmitted } from './session.js';
import { legible } from './untrusted.js';

/**
 * The patient's side of a whole call, from the first join to the last word. It knows no document, no socket,
 * no PeerConnection and no clock: events go in by {@link Patient.handle}, actions come out by
 * {@link Patient.takeActions}, and {@link Patient.nextAlarm} says when it wants to hear a `tick`.
 *
 * @typedef {{ type: 'start' } | { type: 'tick' }
 *   | { type: 'socket-open', id: number } | { type: 'socket-message', id: number, octets: Uint8Array }
 *   | { type: 'socket-closed', id: number }
 *   | { type: 'network-changed' } | { type: 'awoke' } | { type: 'taken-over' }
 *   | { type: 'consent', consent: import('./session.js').Consent } | { type: 'decline' }
 *   | { type: 'words', same: boolean } | { type: 'mute', muted: boolean } | { type: 'hang-up' } | { type: 'retry' }
 *   | { type: 'write', text: string, isWhole: boolean }
 *   | import('./media.js').CallEvent} PatientEvent
 *
 * @typedef {{ type: 'connect', id: number } | { type: 'send', id: number, octets: Uint8Array }
 *   | { type: 'close', id: number }
 *   | { type: 'save', session: import('./session.js').Session | null }
 *   | import('./media.js').CallAction} PatientAction
 *
 * @typedef {object} Snapshot
 * @property {'waiting' | 'admitted' | 'connecting' | 'connected' | 'reconnecting' | 'ended' | 'failed'} state
 * @property {import('./reasons.js').Reason | null} reason
 * @property {boolean} canRetry
 * @property {boolean} doctorPresent
 * @property {boolean} attached whether an epoch is up
 * @property {boolean} seeksServer whether the last attempt to join failed and the broker was not heard since
 * @property {boolean} awaitsDoctor whether the doctor's end went away and was not heard since
 * @property {string} message the doctor's, for the waiting room
 * @property {{ octets: Uint8Array, locale: string } | null} words
 * @property {import('./session.js').Comparison} ownComparison
 * @property {import('./session.js').Comparison} peerComparison
 * @property {boolean} muted
 * @property {import('./chat.js').Message[]} messages of both, the newest last
 */

/** How long sound may be gone while the doctor is not known to be away: as long as the doctor's end waits. Milliseconds. */
const patience = 60_000;
/**
 * Letters go out as they are written, but at a pace of their own: who counts the packets does not learn the rhythm of
 * the fingers, and EN 301 549 6.2.4 wants them within 500 ms. Milliseconds.
 */
const letterInterval = 400;

export class Patient {
  /**
   * @param {object} options
   * @param {import('./session.js').Session} options.session
   * @param {string} options.locale two letters
   * @param {(count: number) => Uint8Array} options.random
   * @param {() => number} options.wallClock Unix seconds
   */
  constructor({ session, locale, random, wallClock }) {
    this.session = session;
    /** @private */
    this.settings = { locale, random, wallClock };
    /** @private @type {Line} */
    this.line = new Line(session, this.settings, {
      act: (action) => this.actions.push(action),
      save: () => this.#save(),
      left: () => this.#left(),
      sound: () => ({
        isHeard: this.media.isConnected(), isTroubled: this.media.isTroubled(), hasStood: this.media.wasConnected,
      }),
    });
    /** @private Whether the doctor admitted the epoch in use. */
    this.admittedInEpoch = false;
    /** @private */
    this.message = '';
    /** @private */
    this.chat = new Chat();
    /** @private @type {import('./reasons.js').Reason | null} */
    this.reason = null;
    /** @private What goes on after the end. @type {Farewell | null} */
    this.farewell = null;
    /** @private @type {Alarms<'patience' | 'letters'>} */
    this.alarms = new Alarms();
    /** @private @type {PatientAction[]} */
    this.actions = [];
    /** @private @type {Media} */
    this.media = new Media(session, {
      send: (frame, now) => this.line.send(frame, now),
      act: (action) => this.actions.push(action),
      save: () => this.#save(),
    });
    /** @private @type {Promise<void>} */
    this.queue = Promise.resolve();
  }

  /**
   * Takes one event. Events are worked off one after another, in the order of the calls.
   * @param {PatientEvent} event
   * @param {number} now milliseconds of a clock that never goes back
   * @returns {Promise<void>} settles when the actions of this event can be taken
   */
  handle(event, now) {
    this.queue = this.queue.then(async () => {
      try {
        await this.#process(event, now);
        this.#watchPatience(now);
      } catch {
        await this.#stop('internal', now);
      }
    });
    return this.queue;
  }

  takeActions() {
    return this.actions.splice(0);
  }

  /** When to send a `tick`, on the clock of {@link Patient.handle}; null for never. */
  nextAlarm() {
    if (this.reason !== null) return this.farewell?.nextAlarm() ?? null;
    const moments = [this.alarms.next(), this.line.nextAlarm(), this.media.nextAlarm()];
    const next = Math.min(...moments.map((moment) => moment ?? Infinity));
    return next === Infinity ? null : next;
  }

  /** @returns {Snapshot} */
  snapshot() {
    const { bond, ownComparison, peerComparison } = this.session;
    return {
      state: this.#state(),
      reason: this.reason,
      canRetry: this.reason !== null && canRetry(this.reason),
      doctorPresent: this.line.doctorPresent,
      attached: this.line.isEstablished,
      seeksServer: this.line.seeksServer,
      awaitsDoctor: this.line.missesDoctor,
      message: this.message,
      words: bond === null ? null : { octets: bond.authenticationString, locale: bond.wordsLocale },
      ownComparison,
      peerComparison,
      muted: this.media.muted,
      messages: this.chat.messages,
    };
  }

  /** @returns {Snapshot['state']} */
  #state() {
    if (this.reason !== null) return isOrderly(this.reason) ? 'ended' : 'failed';
    if (!isAdmitted(this.session)) return 'waiting';
    if (this.session.consent === null) return 'admitted';
    if (this.media.isConnected()) return 'connected';
    return this.media.wasConnected ? 'reconnecting' : 'connecting';
  }

  /**
   * @param {PatientEvent} event
   * @param {number} now
   */
  async #process(event, now) {
    if (this.reason !== null) return this.#processAfterEnd(event, now);
    switch (event.type) {
      case 'start':
        this.line.attach(now);
        return this.#drain(now);
      case 'tick':
        return this.#tick(now);
      case 'socket-open':
      case 'socket-message':
      case 'socket-closed':
        await this.line.handle(event, now);
        return this.#drain(now);
      case 'network-changed':
        this.media.doubt(now);
        this.line.attachAnew(now);
        return this.#drain(now);
      case 'awoke':
        this.line.attachment?.awoke(now);
        return this.#tick(now);
      case 'consent':
        // Who presses twice agrees once.
        if (!isAdmitted(this.session) || this.session.consent !== null) return;
        this.session.consent = event.consent;
        this.#save();
        if (this.admittedInEpoch) await this.#proceed(now);
        return this.#drain(now);
      case 'decline':
        await this.line.send({ type: 'refuse', reason: refuseReason.none }, now);
        return this.#stop('consent-refused', now);
      case 'words':
        return this.#compare(event.same, now);
      case 'mute':
        this.media.mute(event.muted);
        return;
      case 'write':
        this.chat.write(event.text, event.isWhole, this.settings.wallClock());
        if (event.isWhole) return this.#sendMessages(now);
        if (!this.alarms.isSet('letters')) this.alarms.set('letters', now + letterInterval);
        return;
      case 'hang-up':
        return this.#stop('hung-up', now, byeReason.hungUp);
      case 'taken-over':
        return this.#stop('taken-over', now);
      case 'retry':
        return;
      default:
        await this.media.handle(event, now);
        return this.#drain(now);
    }
  }

  /**
   * @param {PatientEvent} event
   * @param {number} now
   */
  async #processAfterEnd(event, now) {
    const isOfNetwork = this.reason === 'network' || this.reason === 'no-path';
    const comesBack = event.type === 'retry' || (event.type === 'network-changed' && isOfNetwork);
    if (!comesBack || this.reason === null || !canRetry(this.reason)) return this.farewell?.handle(event, now);
    this.farewell?.end();
    this.reason = null;
    this.line.begin(this.farewell?.socket ?? this.line.socket, now);
    this.farewell = null;
    return this.#drain(now);
  }

  /** @param {number} now */
  async #tick(now) {
    for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
      if (due === 'patience') return this.#stop(this.line.isEstablished ? 'no-path' : 'network', now);
      await this.#sendMessages(now);
    }
    await this.line.tick(now);
    await this.#drain(now);
    await this.media.tick(now);
    await this.#drain(now);
  }

  /** The epoch in use is over. */
  #left() {
    this.admittedInEpoch = false;
    this.media.epochEnded();
    this.chat.epochEnded();
  }

  /**
   * Works off what the line and the media put out.
   * @param {number} now
   */
  async #drain(now) {
    while (this.reason === null) {
      const verdict = this.media.takeVerdict();
      if (verdict !== null) {
        await this.#obey(verdict, now);
        continue;
      }
      const news = this.line.takeNews(now);
      if (news === null) return;
      if (news.type === 'stop') await this.#stop(news.reason, now);
      else await this.#receive(news.frame, now);
    }
  }

  /**
   * @param {import('./frames.js').HeardFrame} frame
   * @param {number} now
   */
  async #receive(frame, now) {
    switch (frame.type) {
      case 'waiting':
        this.message = legible(frame.message);
        return;
      case 'admit':
        return this.#admitted(frame.relayOnly, now);
      case 'refuse':
        if (frame.reason === refuseReason.otherDevice && this.line.claim(now)) return;
        return this.#stop(reasonOfRefusal(frame.reason), now);
      case 'words':
        this.session.peerComparison = frame.same ? 'same' : 'different';
        return this.#save();
      case 'bye':
        // The doctor's end gave up for want of a path: that is no fault of its own.
        return this.#stop(
          this.media.seeksPath && frame.reason === byeReason.error ? 'no-path' : reasonOfGoodbye(frame.reason), now);
      case 'description':
      case 'candidate':
      case 'binding':
        if (this.admittedInEpoch && !(frame.type === 'description' && frame.kind === 'offer')) {
          return this.media.receive(frame, now);
        }
        return this.line.breach('malformed', true, now);
      case 'chat':
        if (this.admittedInEpoch) this.chat.receive(frame.id, frame.message);
        return;
      case 'keepalive':
      case 'receipt':
      case 'identity':
        return;
    }
  }

  /**
   * @param {boolean} relayOnly
   * @param {number} now
   */
  async #admitted(relayOnly, now) {
    const { attachment } = this.line;
    if (this.admittedInEpoch || attachment === null) return;
    this.admittedInEpoch = true;
    this.session.invitation.joinToken = null;
    this.session.former = [];
    this.#save();
    const mustRelay = relayOnly || (this.session.invitation.flags & linkFlags.relayOnly) !== 0;
    if (mustRelay && !(attachment.servers?.urls.some((url) => /^turns?:/.test(url)) ?? false)) {
      return this.#stop('relay-missing', now, byeReason.error);
    }
    this.media.epochBegan(attachment, mustRelay);
    if (this.session.consent !== null) await this.#proceed(now);
  }

  /**
   * Says everything again in this epoch.
   * @param {number} now
   */
  async #proceed(now) {
    const { consent, ownComparison } = this.session;
    if (consent === null) return;
    await this.line.send({ type: 'consent', version: 1, ...consent }, now);
    await this.media.proceed(now);
    if (ownComparison !== 'none') {
      await this.line.send({ type: 'words', same: ownComparison === 'same' }, now);
    }
    await this.#sendMessages(now);
  }

  /**
   * What was written while nothing could be sent goes out in the order it was written.
   * @param {number} now
   */
  async #sendMessages(now) {
    if (!this.admittedInEpoch || this.session.consent === null) return;
    for (const message of this.chat.pending()) {
      const { id, text } = message;
      if (!(await this.line.send({ type: 'chat', id, message: text }, now))) return;
      this.chat.sent(message);
    }
    return this.#drain(now);
  }

  /**
   * @param {boolean} same
   * @param {number} now
   */
  async #compare(same, now) {
    this.session.ownComparison = same ? 'same' : 'different';
    this.#save();
    await this.line.send({ type: 'words', same }, now);
    await this.#drain(now);
    if (!same) await this.#stop('words-differ', now, byeReason.wordsDiffer);
  }

  /**
   * @param {import('./media.js').Verdict} verdict
   * @param {number} now
   */
  async #obey(verdict, now) {
    switch (verdict) {
      case 'rejoin':
        return this.line.lose(now);
      case 'socket-doubted':
        return this.line.doubt(now);
      case 'binding-failed':
        return this.#stop('binding-failed', now, byeReason.bindingFailed);
      case 'no-path':
        return this.#stop('no-path', now);
    }
  }

  /**
   * Ends the call, for good or until the person tries again.
   * @param {import('./reasons.js').Reason} reason
   * @param {number} now
   * @param {number | null} goodbye see {@link byeReason}
   */
  async #stop(reason, now, goodbye = null) {
    const isSaid = goodbye === null || (await this.line.send({ type: 'bye', reason: goodbye }, now)) === true;
    this.line.flush();
    this.reason = reason;
    this.media.end();
    this.alarms.clear();
    if (canRetry(reason) && reason !== 'taken-over') this.#save();
    else this.actions.push({ type: 'save', session: null });
    const isOwed = !isSaid && isAdmitted(this.session);
    if (!isOwed && (reason !== 'hung-up' || this.line.attachment === null)) return this.line.disconnect();
    const { session, settings } = this;
    const { socket } = this.line;
    const attachment = this.line.handOver();
    const act = (/** @type {PatientAction} */ action) => this.actions.push(action);
    this.farewell = new Farewell({ session, settings, attachment, socket, goodbye: isOwed ? goodbye : null, act }, now);
  }

  /**
   * Sound that stood and is gone is waited for, but not for ever.
   * @param {number} now
   */
  #watchPatience(now) {
    const waits = this.reason === null && this.media.wasConnected && !this.media.isConnected();
    if (!waits || this.line.isAwaitingDoctor) this.alarms.clear('patience');
    else if (!this.alarms.isSet('patience')) this.alarms.set('patience', now + patience);
  }

  #save() {
    this.actions.push({ type: 'save', session: this.session });
  }
}
