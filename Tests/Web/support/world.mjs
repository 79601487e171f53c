// Virtual time: a patient, a doctor, a broker between them and a PeerConnection that is only fingerprints.
import { hex } from '../../../Web/src/bytes.js';
import { Patient } from '../../../Web/src/patient.js';
import { deserialise, newSession, serialise } from '../../../Web/src/session.js';
import { Doctor, openRoom } from './doctor.mjs';

/** mulberry32: small, and the same everywhere for one seed. */
export function randomFrom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256));
}

const wallStart = 1_790_000_000;
const latency = 10;

export class World {
  static async create({ seed = 1, flags = 0 } = {}) {
    const random = randomFrom(seed);
    const room = await openRoom(random, { flags, notBefore: wallStart - 60, notAfter: wallStart + 7200 });
    return new World(random, room);
  }

  constructor(random, room) {
    this.random = random;
    this.room = room;
    this.now = 0;
    this.due = [];
    this.order = 0;
    this.doctor = new Doctor(room, random);
    this.broker = 'up';
    this.path = 'up';
    /** Whether packets of the doctor arrive, and how many did; whether a connected path carries any at all. */
    this.flows = false;
    this.packets = 0;
    this.carries = true;
    /** How often the page counts them, in milliseconds. */
    this.counting = 500;
    this.sockets = new Map();
    this.log = [];
    this.sound = { send: false, receive: false };
    this.stored = null;
    this.actions = [];
    this.load(newSession({ ...room.invitation }));
  }

  /** A page is loaded with this session. */
  load(session) {
    this.page = (this.page ?? 0) + 1;
    this.patient = new Patient({
      session,
      locale: 'fr',
      random: this.random,
      wallClock: () => wallStart + Math.floor(this.now / 1000),
    });
    this.call = null;
    this.sound = { send: false, receive: false };
  }

  async reload() {
    for (const socket of this.sockets.values()) socket.open = false;
    this.sockets.clear();
    this.load(deserialise(this.stored, wallStart));
    await this.event({ type: 'start' });
  }

  after(delay, work) {
    this.due.push({ at: this.now + delay, order: (this.order += 1), work });
  }

  async event(event) {
    const { patient } = this;
    await patient.handle(event, this.now);
    for (const action of patient.takeActions()) this.perform(action);
    const { state } = patient.snapshot();
    if (this.log.at(-1) !== state) this.log.push(state);
  }

  /** An event of this page, if it is still the page when it happens. */
  later(delay, event) {
    const { page } = this;
    this.after(delay, () => (page === this.page ? this.event(event) : undefined));
  }

  perform(action) {
    this.actions.push(action);
    switch (action.type) {
      case 'connect':
        return this.connect(action.id);
      case 'send': {
        const socket = this.sockets.get(action.id);
        if (socket?.open && !socket.isDeaf) this.after(latency, () => (socket.open || socket.closing ? socket.end.receive(action.octets) : undefined));
        return undefined;
      }
      case 'close': {
        const socket = this.sockets.get(action.id);
        if (socket) [socket.open, socket.closing] = [false, true];
        return undefined;
      }
      case 'save':
        this.stored = action.session === null ? null : serialise(action.session);
        return undefined;
      case 'make-offer':
        if (action.anew) {
          this.flows = false;
          this.packets = 0;
          this.call = { name: action.generation, fingerprint: this.random(32) };
          this.count(this.call);
        }
        this.call.servers = action.servers;
        this.later(5, {
          type: 'offer',
          generation: action.generation,
          sdp: `offer fp:${hex(this.call.fingerprint)}`,
        });
        this.later(6, { type: 'candidate', generation: action.generation, candidate: 'candidate:1' });
        return undefined;
      case 'apply-answer':
        if (this.path === 'up') this.connectPath(50);
        return undefined;
      case 'sound':
        this.sound = { send: action.send, receive: action.receive };
        return undefined;
      case 'end-call':
        this.flows = false;
        this.call = null;
        return undefined;
      default:
        return undefined;
    }
  }

  connectPath(delay) {
    const { call } = this;
    const { name, fingerprint } = call;
    this.after(delay, () => {
      if (call === this.call && this.path === 'up' && this.carries) this.flows = true;
    });
    this.later(delay, {
      type: 'transport',
      call: name,
      state: 'connected',
      patientFingerprint: fingerprint,
      doctorFingerprint: this.doctor.fingerprint,
    });
  }

  /** The page counts what its call has received, until it has another one. */
  count(call) {
    const { page } = this;
    this.after(this.counting, async () => {
      if (page !== this.page || call !== this.call) return;
      if (this.flows) this.packets += 25;
      await this.event({ type: 'heard', call: call.name, packets: this.packets });
      this.count(call);
    });
  }

  /** The doctor's end speaks every 25 s, as it does to every epoch that stands. */
  keepAlive() {
    this.after(25_000, async () => {
      const { connection } = this.doctor;
      if (this.socket?.end === connection) await this.doctor.send(connection, { type: 'keepalive' });
      this.keepAlive();
    });
  }

  /** Nothing arrives any more, and no browser says so. */
  cut() {
    this.flows = false;
    this.path = 'down';
  }

  transport(state) {
    return this.event({ type: 'transport', call: this.call.name, state });
  }

  connect(id) {
    if (this.broker === 'hole') {
      this.sockets.set(id, { open: false, closing: false });
      return;
    }
    if (this.broker !== 'up') {
      this.later(latency, { type: 'socket-closed', id });
      return;
    }
    const socket = { open: true, closing: false };
    this.sockets.set(id, socket);
    socket.end = this.doctor.connect((octets, closes = false) => {
      if (octets !== null && socket.open) {
        this.after(latency, () => (socket.open && !socket.isDeaf ? this.event({ type: 'socket-message', id, octets }) : undefined));
      }
      if (closes) this.later(latency + 1, { type: 'socket-closed', id });
    });
    socket.id = id;
    this.later(latency, { type: 'socket-open', id });
  }

  /** Every socket goes dumb, as behind an address that is gone: nothing arrives, nothing closes. */
  deafen() {
    for (const socket of this.sockets.values()) socket.isDeaf = true;
  }

  /** The broker dies: sockets end, and no new one opens until it is up again. */
  killBroker() {
    this.broker = 'down';
    for (const [id, socket] of this.sockets) {
      if (socket.open) this.later(0, { type: 'socket-closed', id });
      socket.open = false;
    }
  }

  /** The connection in use. */
  get socket() {
    return [...this.sockets.values()].filter((socket) => socket.open).pop();
  }

  /** Lets time pass, with every event and alarm at its moment. */
  async run(milliseconds) {
    const end = this.now + milliseconds;
    for (let steps = 0; ; steps += 1) {
      if (steps > 100_000) throw new Error('time stands still');
      const next = this.due.sort((a, b) => a.at - b.at || a.order - b.order)[0];
      const alarm = this.patient.nextAlarm();
      if (next !== undefined && next.at <= end && (alarm === null || next.at <= alarm)) {
        this.due.shift();
        this.now = Math.max(this.now, next.at);
        await next.work();
      } else if (alarm !== null && alarm <= end) {
        this.now = Math.max(this.now, alarm);
        await this.event({ type: 'tick' });
      } else break;
    }
    this.now = end;
  }

  get state() {
    return this.patient.snapshot().state;
  }

  get reason() {
    return this.patient.snapshot().reason;
  }

  consent() {
    return this.event({
      type: 'consent',
      consent: { locale: 'fr', textHash: new Uint8Array(32).fill(5), time: wallStart },
    });
  }

  /** From the link to sound. */
  async callUp() {
    await this.event({ type: 'start' });
    await this.run(500);
    await this.consent();
    await this.run(500);
  }
}
