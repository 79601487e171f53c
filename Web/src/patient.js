// @ts-check
import { Alarms } from './alarms.js';
import { Attachment } from './attachment.js';
import { Chat } from './chat.js';
import { Farewell } from './farewell.js';
import { byeReason, refuseReason } from './frames.js';
import { linkFlags } from './link.js';
import { Media } from './media.js';
import { canRetry, isOrderly, reasonOfBreach, reasonOfGoodbye, reasonOfRefusal } from './reasons.js';
import { Reconnection } from './reconnection.js';
import { isAdmitted } from './session.js';

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
 *   | { type: 'write', text: string }
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

/** An epoch, or a place in the queue, that held this long makes earlier failures history. Milliseconds. */
const stableAfter = 60_000;
/** A second report of a changed network within this time means the same change. Milliseconds. */
const sameChange = 2_000;
/** A doubted socket is replaced without a wait once in this time; then the wait grows as after a loss. Milliseconds. */
const doubtInterval = 10_000;
/** How long sound may be gone while the doctor is not known to be away: as long as the doctor's end waits. Milliseconds. */
const patience = 60_000;

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
    /** @private @type {Attachment | null} */
    this.attachment = null;
    /** @private */
    this.socket = 0;
    /** @private */
    this.admittedInEpoch = false;
    /** @private */
    this.reconnection = new Reconnection(random);
    /** @private When a doubted socket was last replaced without a wait. */
    this.doubtedAt = -Infinity;
    /** @private */
    this.doctorPresent = false;
    /** @private From the broker's word that the doctor's end is away until that end is heard, or the broker lost. */
    this.missesDoctor = false;
    /** @private */
    this.message = '';
    /** @private */
    this.chat = new Chat();
    /** @private @type {import('./reasons.js').Reason | null} */
    this.reason = null;
    /** @private What goes on after the end. @type {Farewell | null} */
    this.farewell = null;
    /** @private @type {Alarms<'retry' | 'stable' | 'patience'>} */
    this.alarms = new Alarms();
    /** @private @type {PatientAction[]} */
    this.actions = [];
    /** @private */
    this.media = new Media(session, {
      send: (frame, now) => this.attachment?.send(frame, now) ?? Promise.resolve(false),
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
    const moments = [this.alarms.next(), this.attachment?.nextAlarm() ?? null, this.media.nextAlarm()];
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
      doctorPresent: this.doctorPresent,
      attached: this.attachment?.isEstablished ?? false,
      seeksServer: this.reconnection.failures > 0 && (this.attachment?.isJoining ?? true),
      awaitsDoctor: this.missesDoctor,
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
        return this.#attach(now);
      case 'tick':
        return this.#tick(now);
      case 'socket-open':
        if (event.id === this.socket) await this.attachment?.open(now);
        return this.#drain(now);
      case 'socket-message':
        if (event.id === this.socket) await this.attachment?.receive(event.octets, now);
        return this.#drain(now);
      case 'socket-closed':
        if (event.id === this.socket && this.attachment !== null) await this.#lose(now);
        return;
      case 'network-changed':
        this.media.doubt(now);
        return this.#attachAnew(now);
      case 'awoke':
        this.attachment?.awoke(now);
        return this.#tick(now);
      case 'consent':
        if (!isAdmitted(this.session)) return;
        this.session.consent = event.consent;
        this.#save();
        if (this.admittedInEpoch) await this.#proceed(now);
        return this.#drain(now);
      case 'decline':
        await this.attachment?.send({ type: 'refuse', reason: refuseReason.none }, now);
        return this.#stop('consent-refused', now);
      case 'words':
        return this.#compare(event.same, now);
      case 'mute':
        this.media.mute(event.muted);
        return;
      case 'write':
        this.chat.write(event.text, this.settings.wallClock());
        return this.#sendMessages(now);
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
    this.socket = this.farewell?.socket ?? this.socket;
    this.farewell = null;
    this.reason = null;
    this.reconnection.forget();
    await this.#attach(now);
  }

  /** @param {number} now */
  async #tick(now) {
    for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
      if (due === 'retry') await this.#attach(now);
      if (due === 'stable') this.reconnection.failures = 0;
      if (due === 'patience') return this.#stop(this.attachment?.isEstablished ? 'no-path' : 'network', now);
    }
    await this.attachment?.tick(now);
    await this.#drain(now);
    await this.media.tick(now);
    await this.#drain(now);
  }

  /**
   * Opens a new connection.
   * @param {number} now
   */
  async #attach(now) {
    const { session, settings } = this;
    if (session.bond !== null && session.bond.expiry < settings.wallClock()) return this.#stop('expired', now);
    const mode = this.reconnection.takeMode(session);
    this.alarms.clear('retry', 'stable');
    this.#save();
    this.socket += 1;
    const inHaste = this.media.isTroubled() && this.reconnection.failures < 2;
    this.attachment = new Attachment({ session, mode, inHaste, ...settings }, now);
    this.actions.push({ type: 'connect', id: this.socket });
  }

  /**
   * Leaves the connection, if any, and joins again at once.
   * @param {number} now
   */
  async #attachAnew(now) {
    if (this.attachment !== null && now - this.attachment.startedAt < sameChange) return;
    this.#disconnect();
    await this.#attach(now);
  }

  /**
   * The socket may be dead, and nobody will say so.
   * @param {number} now
   */
  async #replaceSocket(now) {
    if (this.attachment === null || now - this.attachment.startedAt < sameChange) return;
    // The doctor's end is away: that is the reason of the silence, and not this socket.
    if (this.attachment.isAwaitingDoctor) return;
    if (now - this.doubtedAt < doubtInterval) return this.#lose(now);
    this.doubtedAt = now;
    return this.#rejoin(now);
  }

  #disconnect() {
    if (this.attachment !== null) this.actions.push({ type: 'close', id: this.socket });
    this.attachment = null;
    this.admittedInEpoch = false;
    this.media.epochEnded();
    this.alarms.clear('stable');
  }

  /**
   * Works off what the attachment and the media put out.
   * @param {number} now
   */
  async #drain(now) {
    for (;;) {
      const verdict = this.media.takeVerdict();
      if (verdict !== null) {
        await this.#obey(verdict, now);
        continue;
      }
      const outputs = this.attachment?.takeOutputs() ?? [];
      if (outputs.length === 0 || this.reason !== null) return;
      for (const output of outputs) {
        if (this.reason === null) await this.#take(output, now);
      }
    }
  }

  /**
   * @param {import('./attachment.js').AttachmentOutput} output
   * @param {number} now
   */
  async #take(output, now) {
    switch (output.type) {
      case 'send':
        this.actions.push({ type: 'send', id: this.socket, octets: output.octets });
        return;
      case 'save':
        return this.#save();
      case 'doctor':
        this.doctorPresent = output.present;
        if (!output.present) this.missesDoctor = true;
        if (!this.alarms.isSet('stable')) this.alarms.set('stable', now + stableAfter);
        return;
      case 'confirmed':
        if (output.bond !== null) {
          const fresh = /** @type {const} */ ({ epochNumber: 0, ownComparison: 'none', peerComparison: 'none' });
          Object.assign(this.session, fresh, { bond: output.bond, consent: null });
        }
        this.alarms.set('stable', now + stableAfter);
        return this.#save();
      case 'frame':
        return this.#receive(output.frame, now);
      case 'refused':
        return this.#refused(output.code, now);
      case 'lost':
        return output.cause === 'timeout' ? this.#lose(now) : this.#rejoin(now);
      case 'broken':
        return this.#broken(output.code, output.confirmed, now);
    }
  }

  /**
   * @param {import('./frames.js').Frame} frame
   * @param {number} now
   */
  async #receive(frame, now) {
    this.reconnection.succeeded();
    this.missesDoctor = false;
    switch (frame.type) {
      case 'waiting':
        this.message = frame.message;
        return;
      case 'admit':
        return this.#admitted(frame.relayOnly, now);
      case 'refuse':
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
        return this.#broken('malformed', true, now);
      case 'chat':
        if (this.admittedInEpoch) this.chat.receive(frame.message);
        return;
      case 'keepalive':
      case 'receipt':
      case 'identity':
        return;
      case 'confirm':
      case 'consent':
      case 'encapsulation':
        return this.#broken('malformed', true, now);
    }
  }

  /**
   * @param {boolean} relayOnly
   * @param {number} now
   */
  async #admitted(relayOnly, now) {
    if (this.admittedInEpoch || this.attachment === null) return;
    this.admittedInEpoch = true;
    this.session.invitation.joinToken = null;
    this.#save();
    const mustRelay = relayOnly || (this.session.invitation.flags & linkFlags.relayOnly) !== 0;
    if (mustRelay && !(this.attachment.servers?.urls.some((url) => /^turns?:/.test(url)) ?? false)) {
      return this.#stop('relay-missing', now, byeReason.error);
    }
    this.media.epochBegan(this.attachment, mustRelay);
    if (this.session.consent !== null) await this.#proceed(now);
  }

  /**
   * Says everything again in this epoch.
   * @param {number} now
   */
  async #proceed(now) {
    const { consent, ownComparison } = this.session;
    if (consent === null) return;
    await this.attachment?.send({ type: 'consent', version: 1, ...consent }, now);
    await this.media.proceed(now);
    if (ownComparison !== 'none') {
      await this.attachment?.send({ type: 'words', same: ownComparison === 'same' }, now);
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
      if (!(await this.attachment?.send({ type: 'chat', id, message: text }, now))) return;
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
    await this.attachment?.send({ type: 'words', same }, now);
    await this.#drain(now);
    if (!same) await this.#stop('words-differ', now, byeReason.wordsDiffer);
  }

  /**
   * @param {number} code of the broker
   * @param {number} now
   */
  async #refused(code, now) {
    const answer = this.reconnection.refused(
      code, this.attachment?.mode ?? null, this.session, this.media.isConnected());
    if (answer === 'later') return this.#lose(now);
    if (answer === 'now') return this.#rejoin(now);
    return this.#stop(answer, now);
  }

  /** @param {number} now */
  async #rejoin(now) {
    this.#disconnect();
    await this.#attach(now);
  }

  /**
   * @param {import('./errors.js').ProtocolErrorCode} code
   * @param {boolean} confirmed
   * @param {number} now
   */
  async #broken(code, confirmed, now) {
    if (!confirmed) return this.#stop(reasonOfBreach(code), now);
    this.reconnection.afterForgery = true;
    return this.#lose(now);
  }

  /**
   * The connection is gone: joins again later, or asks the person.
   * @param {number} now
   */
  async #lose(now) {
    this.#disconnect();
    this.missesDoctor = false;
    // While sound passes nothing is missed, and once it is gone patience is what ends.
    const isEndless = isAdmitted(this.session) && this.media.wasConnected;
    const delay = this.reconnection.lost({ isEndless, isUrgent: this.media.isTroubled() });
    if (delay === null) return this.#stop(this.reconnection.afterForgery ? 'secure-channel' : 'network', now);
    this.alarms.set('retry', now + delay);
  }

  /**
   * @param {import('./media.js').Verdict} verdict
   * @param {number} now
   */
  async #obey(verdict, now) {
    if (this.reason !== null) return;
    switch (verdict) {
      case 'rejoin':
        return this.#lose(now);
      case 'socket-doubted':
        return this.#replaceSocket(now);
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
    const isSaid = goodbye === null || (await this.attachment?.send({ type: 'bye', reason: goodbye }, now)) === true;
    for (const output of this.attachment?.takeOutputs() ?? []) {
      if (output.type === 'send') this.actions.push({ type: 'send', id: this.socket, octets: output.octets });
    }
    this.reason = reason;
    this.media.end();
    this.alarms.clear();
    if (canRetry(reason) && reason !== 'taken-over') this.#save();
    else this.actions.push({ type: 'save', session: null });
    const isOwed = !isSaid && isAdmitted(this.session);
    if (!isOwed && (reason !== 'hung-up' || this.attachment === null)) return this.#disconnect();
    const { session, settings, attachment, socket } = this;
    this.attachment = null;
    this.admittedInEpoch = false;
    const act = (/** @type {PatientAction} */ action) => this.actions.push(action);
    this.farewell = new Farewell({ session, settings, attachment, socket, goodbye: isOwed ? goodbye : null, act }, now);
  }

  /**
   * Sound that stood and is gone is waited for, but not for ever.
   * @param {number} now
   */
  #watchPatience(now) {
    const waits = this.reason === null && this.media.wasConnected && !this.media.isConnected();
    if (!waits || this.attachment?.isAwaitingDoctor) this.alarms.clear('patience');
    else if (!this.alarms.isSet('patience')) this.alarms.set('patience', now + patience);
  }

  #save() {
    this.actions.push({ type: 'save', session: this.session });
  }
}
