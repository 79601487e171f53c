// @ts-check
import { Alarms } from './alarms.js';
import { beginCall, beginResume } from './channel.js';
import { decodeEnvelope, encodeJoin, encodeRelay, joinMode } from './envelopes.js';
import { ProtocolError } from './errors.js';
import { rejoinToken } from './schedule.js';
import { isAdmitted } from './session.js';

/**
 * One connection to the broker and the one epoch it carries: join, handshake, confirmation, frames,
 * keep-alive. It opens no socket and reads no clock: {@link Attachment.open}, {@link Attachment.receive}
 * and {@link Attachment.tick} feed it, {@link Attachment.takeOutputs} drains it.
 *
 * @typedef {{ type: 'send', octets: Uint8Array }} SendOutput one WebSocket message
 * @typedef {{ type: 'save' }} SaveOutput the session changed and must be stored before what follows is sent
 * @typedef {{ type: 'doctor', present: boolean }} DoctorOutput
 * @typedef {{ type: 'confirmed', bond: import('./channel.js').Bond | null }} ConfirmedOutput message 3 is on
 *   its way; the bond is null in a resumed epoch
 * @typedef {{ type: 'frame', frame: import('./frames.js').HeardFrame }} FrameOutput
 * @typedef {{ type: 'refused', code: number }} RefusedOutput an ERROR of the broker
 * @typedef {{ type: 'lost', cause: 'timeout' | 'doctor-returned' | 'away' }} LostOutput the last two: join at once
 * @typedef {{ type: 'broken', code: import('./errors.js').ProtocolErrorCode, confirmed: boolean }} BrokenOutput
 *   a cryptographic failure, before or after message 3
 * @typedef {SendOutput | SaveOutput | DoctorOutput | ConfirmedOutput | FrameOutput | RefusedOutput | LostOutput
 *   | BrokenOutput} AttachmentOutput
 */

/** Milliseconds each step may take. */
const limits = {
  /** From the attempt to an open socket: ours, a browser's own limit is minutes. */
  open: 8_000,
  state: 6_000,
  message2: 12_000,
  firstFrame: 6_000,
  silence: 60_000,
  /** While the broker says that the doctor's end is away, it says nothing else: the socket may be dead by then. */
  away: 30_000,
};
/** The same in haste, while a person waits in silence: a first try on a network that has just changed. */
const hasteFactor = 0.3;
/** The doctor's end speaks at least every 25 s: after longer silence than this, a page that woke up doubts it. */
const doubtAfter = 30_000;
/** What a doubted connection still has to say something. Its messages may stand behind the alarm. */
const doubtLimit = 1_000;
const keepaliveInterval = 25_000;
/**
 * Message 1 goes with the join. One that the broker dropped, because the doctor's end was away, is surely gone after
 * this time; before, a new socket is the sure way. Milliseconds.
 */
const lostAfter = 2_000;
/** A keep-alive is answered when nothing was sent for this long: a hidden tab's own timers are slow. */
const keepaliveAnswerAfter = 20_000;

export class Attachment {
  /**
   * @param {object} options
   * @param {import('./session.js').Session} options.session read; its epoch number grows
   * @param {'fresh' | 'resume'} options.mode
   * @param {string} options.locale
   * @param {(count: number) => Uint8Array} options.random
   * @param {() => number} options.wallClock Unix seconds
   * @param {boolean} [options.inHaste]
   * @param {number} now
   */
  constructor({ session, mode, locale, random, wallClock, inHaste = false }, now) {
    this.session = session;
    this.mode = mode;
    this.locale = locale;
    this.random = random;
    this.wallClock = wallClock;
    this.startedAt = now;
    /** @private */
    this.factor = inHaste ? hasteFactor : 1;
    /** @type {'opening' | 'away' | 'handshaking' | 'confirming' | 'established' | 'orphaned' | 'over'} */
    this.phase = 'opening';
    /** @type {import('./channel.js').Epoch | null} */
    this.epoch = null;
    /** @type {import('./envelopes.js').RelayServers | null} */
    this.servers = null;
    /** @private */
    this.serversExpireAt = Infinity;
    /** @private @type {((answer: Uint8Array) => Promise<Handshaken>) | null} */
    this.finish = null;
    /** @private When the broker's first word was that the doctor's end is away. */
    this.awaySince = -Infinity;
    /** @private */
    this.lastSent = now;
    /** @private */
    this.lastReceived = now;
    /** @private @type {Alarms<keyof typeof limits | 'keepalive'>} */
    this.alarms = new Alarms();
    /** @private @type {AttachmentOutput[]} */
    this.outputs = [];
    this.#expect('open', now);
  }

  /** The broker has not answered yet. */
  get isJoining() {
    return this.alarms.isSet('open') || this.alarms.isSet('state');
  }

  /** Frames pass both ways. */
  get isEstablished() {
    return this.phase === 'established';
  }

  /** The broker has joined this connection with nobody: no step of joining is under way. */
  get isAwaitingDoctor() {
    return this.phase === 'away' || this.phase === 'orphaned';
  }

  /**
   * Whether the relay would refuse the credentials of this epoch.
   * @param {number} now
   */
  hasExpiredServers(now) {
    return now >= this.serversExpireAt && (this.servers?.urls.some((url) => /^turns?:/.test(url)) ?? false);
  }

  /**
   * The page was asleep: a connection that has been silent for too long has a moment left.
   * @param {number} now
   */
  awoke(now) {
    if (this.phase === 'established' && now - this.lastReceived > doubtAfter) this.alarms.set('silence', now + doubtLimit);
  }

  takeOutputs() {
    return this.outputs.splice(0);
  }

  nextAlarm() {
    return this.alarms.next();
  }

  /**
   * The socket is open: the patient speaks first, and greets the doctor's end in the same breath. It is there more
   * often than not, and a round trip is saved.
   * @param {number} now
   */
  async open(now) {
    const { invitation, bond } = this.session;
    const token = this.mode === 'resume' && bond !== null ? await rejoinToken(bond.resumeSecret) : invitation.joinToken;
    if (token === null) return;
    this.alarms.clear('open');
    this.#expect('state', now);
    this.#push({ type: 'send', octets: encodeJoin(invitation.room, token, joinMode[this.mode]) });
    await this.#greet();
  }

  /**
   * @param {Uint8Array} octets one WebSocket message, untrusted
   * @param {number} now
   */
  async receive(octets, now) {
    const envelope = decodeEnvelope(octets);
    if (envelope === null || this.phase === 'over') return;
    switch (envelope.type) {
      case 'challenge':
        return;
      case 'state':
        return this.#doctorIs(envelope.doctorPresent, now);
      case 'servers':
        this.servers = envelope.servers;
        this.serversExpireAt = now + envelope.servers.lifetime * 1000;
        return;
      case 'error':
        return this.#finishWith({ type: 'refused', code: envelope.code });
      case 'relay':
        try {
          return await this.#receiveMessage(envelope.message, now);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          const confirmed = this.phase === 'confirming' || this.phase === 'established' || this.mode === 'resume';
          return this.#finishWith({ type: 'broken', code: error.code, confirmed });
        }
    }
  }

  /**
   * Does what is due.
   * @param {number} now
   */
  async tick(now) {
    for (let due = this.alarms.takeDue(now); due !== null; due = this.alarms.takeDue(now)) {
      if (due !== 'keepalive') return this.#finishWith({ type: 'lost', cause: due === 'away' ? due : 'timeout' });
      this.alarms.set('keepalive', now + keepaliveInterval);
      await this.send({ type: 'keepalive' }, now);
    }
  }

  /**
   * Seals and sends one frame; without an epoch it is dropped, for the next epoch says everything again.
   * @param {import('./frames.js').SaidFrame} frame
   * @param {number} now
   * @returns {Promise<boolean>} whether it went out
   */
  async send(frame, now) {
    if (this.epoch === null || (this.phase !== 'confirming' && this.phase !== 'established')) return false;
    this.lastSent = now;
    this.#push({ type: 'send', octets: encodeRelay(await this.epoch.seal(frame)) });
    return true;
  }

  /**
   * @param {'open' | 'state' | 'message2' | 'firstFrame'} step
   * @param {number} now
   */
  #expect(step, now) {
    this.alarms.set(step, now + limits[step] * this.factor);
  }

  /** @param {AttachmentOutput} output */
  #push(output) {
    this.outputs.push(output);
  }

  /** @param {AttachmentOutput} output the last one */
  #finishWith(output) {
    this.phase = 'over';
    this.alarms.clear();
    this.#push(output);
  }

  /**
   * @param {boolean} present
   * @param {number} now
   */
  async #doctorIs(present, now) {
    const isFirst = this.alarms.isSet('state');
    this.#push({ type: 'doctor', present });
    if (!present) {
      // The broker drops what is sent to nobody: this epoch's counters can no longer agree.
      this.alarms.clear();
      if (isFirst) this.awaySince = now;
      this.phase = isFirst || this.phase === 'away' ? 'away' : 'orphaned';
      // Who waits to be seen may wait for hours; who was in a call wants it back.
      if (isAdmitted(this.session)) this.alarms.set('away', now + limits.away);
    } else if (this.phase === 'orphaned' || now - this.awaySince < lostAfter) {
      this.#finishWith({ type: 'lost', cause: 'doctor-returned' });
    } else if (isFirst || this.phase === 'away') {
      this.alarms.clear('state', 'away');
      this.#expect('message2', now);
      if (!isFirst) await this.#greet();
    }
  }

  /** Sends message 1. */
  async #greet() {
    const { session } = this;
    this.phase = 'handshaking';
    let message;
    if (this.mode === 'resume' && session.bond !== null) {
      session.epochNumber += 1;
      this.#push({ type: 'save' });
      const resumed = await beginResume(session.invitation, session.bond, session.epochNumber);
      this.finish = async (answer) => ({ ...(await resumed.finish(answer)), bond: null });
      message = resumed.message;
    } else {
      const call = await beginCall(session.invitation, { locale: this.locale, random: this.random });
      this.finish = (answer) => call.finish(answer, this.wallClock());
      message = call.message;
    }
    this.#push({ type: 'send', octets: encodeRelay(message) });
  }

  /**
   * @param {Uint8Array} message
   * @param {number} now
   */
  async #receiveMessage(message, now) {
    if (this.phase === 'handshaking' && this.finish !== null) {
      const { epoch, bond, confirmation } = await this.finish(message);
      this.finish = null;
      this.epoch = epoch;
      this.phase = 'confirming';
      this.alarms.clear('message2');
      this.#expect('firstFrame', now);
      this.alarms.set('keepalive', now + keepaliveInterval);
      this.#push({ type: 'confirmed', bond });
      await this.send(confirmation, now);
    } else if (this.epoch !== null && (this.phase === 'confirming' || this.phase === 'established')) {
      const frame = await this.epoch.open(message);
      this.phase = 'established';
      this.alarms.clear('firstFrame');
      this.lastReceived = now;
      this.alarms.set('silence', now + limits.silence);
      this.#push({ type: 'frame', frame });
      if (frame.type === 'keepalive' && now - this.lastSent >= keepaliveAnswerAfter) {
        await this.send({ type: 'keepalive' }, now);
      }
    }
  }
}

/**
 * @typedef {object} Handshaken
 * @property {import('./channel.js').Epoch} epoch
 * @property {import('./channel.js').Bond | null} bond
 * @property {import('./frames.js').ConfirmFrame} confirmation
 */
