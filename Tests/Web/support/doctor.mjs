// A doctor and a broker in one, written from the protocol and not from the page's own state machine. Only the
// octet, frame, schedule and handshake modules are shared, and those are pinned by vectors.
import { Reader, concat, equal, fromBase64url, fromHex, lp, u16, u32, u64, u8, utf8 } from '../../../Web/src/bytes.js';
import { Responder } from '../../../Web/src/noise.js';
import { sha256 } from '../../../Web/src/primitives.js';
import { importKeyPair } from '../../../Web/tools/known-key.mjs';
import { decodeFrame, encodeFrame } from './doctor-frames.mjs';
import * as schedule from '../../../Web/src/schedule.js';

const { subtle } = globalThis.crypto;
const ed25519Prefix = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/** A room, its link and the keys of the doctor who opened it. */
export async function openRoom(random, { flags = 0, notBefore, notAfter }) {
  const sessionKeys = await importKeyPair(random(32));
  const signing = await subtle.importKey(
    'pkcs8', concat(Uint8Array.from(ed25519Prefix), random(32)), { name: 'Ed25519' }, true, ['sign']);
  const { x } = await subtle.exportKey('jwk', signing);
  const identity = fromBase64url(x);
  const body = concat(u8(1), u8(flags), random(16), sessionKeys.publicKey);
  const check = (await sha256(utf8('colloque/1 link'), body)).subarray(0, 4);
  const link = { flags, secret: body.slice(2, 18), sessionKey: sessionKeys.publicKey };
  const invitation = await schedule.deriveInvitation(link);
  const dates = concat(u64(notBefore), u64(notAfter));
  const signed = lp('colloque/1 delegation', identity, sessionKeys.publicKey, invitation.room, dates);
  const signature = new Uint8Array(await subtle.sign({ name: 'Ed25519' }, signing, signed));
  const fragment = Buffer.from(concat(body, check)).toString('base64url');
  return { fragment, invitation, sessionKeys, introduction: concat(identity, dates, signature), identity };
}

/** The doctor's end of the room, seen by one patient at a time. `reply` sends one envelope to that patient. */
export class Doctor {
  constructor(room, random) {
    this.room = room;
    this.random = random;
    this.present = true;
    this.admits = true;
    this.answers = true;
    this.consumed = false;
    this.opened = true;
    this.lastEpoch = 0;
    this.received = [];
    this.epochs = [];
    this.bond = null;
    this.consent = null;
    this.words = [];
    this.servers = { urls: ['stun:broker.example:3478'], username: '', credential: '' };
    this.fingerprint = random(32);
    this.offerGeneration = -1;
    this.corrupt = null;
  }

  /** @returns a connection: `{ receive(octets), present(bool) }` */
  connect(reply) {
    const connection = { reply, joined: null, phase: 'new', transport: null, hash: null, bindingKey: null };
    reply(concat(u8(0x81), this.random(32)));
    connection.receive = (octets) => this.receive(connection, octets);
    return connection;
  }

  setPresent(connection, present) {
    this.present = present;
    if (connection?.joined) connection.reply(Uint8Array.of(0x82, present ? 1 : 0));
  }

  async receive(connection, octets) {
    const reader = new Reader(octets);
    const type = reader.u8();
    if (type === 0x01) return this.join(connection, reader);
    if (type !== 0x10) throw new Error(`a patient never sends envelope ${type}`);
    if (reader.u32() !== 0) throw new Error('a patient has no connection number');
    if (!this.present || connection.phase === 'refused') return;
    const message = reader.rest();
    if (connection.phase === 'new') return this.answerHandshake(connection, message);
    const frame = decodeFrame(await connection.transport.receive.decrypt(message));
    this.received.push(frame);
    if (connection.phase === 'answered') return this.confirm(connection, frame);
    return this.frame(connection, frame);
  }

  async join(connection, reader) {
    if (reader.u8() !== 1) throw new Error('version');
    const roomID = reader.take(16);
    const token = reader.take(32);
    connection.joined = reader.u8() === 1 ? 'resume' : 'fresh';
    reader.end();
    const { invitation } = this.room;
    const error = (code) => {
      connection.phase = 'refused';
      connection.reply(concat(u8(0xe0), u16(code)), true);
    };
    if (!this.opened || !equal(roomID, invitation.room)) return error(1);
    if (connection.joined === 'resume') {
      if (!this.consumed || !equal(token, await schedule.rejoinToken(this.bond.resumeSecret))) return error(1);
    } else {
      if (!equal(token, invitation.joinToken)) return error(1);
      if (this.consumed) return error(2);
    }
    connection.reply(Uint8Array.of(0x82, this.present ? 1 : 0));
  }

  async answerHandshake(connection, message) {
    const { invitation, sessionKeys } = this.room;
    const common = { staticKeys: sessionKeys };
    let payload;
    if (connection.joined === 'resume') {
      const number = new Reader(message).u32();
      if (number <= this.lastEpoch) throw new Error('k must grow');
      connection.number = number;
      const responder = await Responder.create({
        ...common,
        prologue: schedule.resumePrologue(invitation.room, number, this.bond.transcript),
        presharedKey: await schedule.resumePresharedKey(invitation.presharedKey, this.bond.resumeSecret, number),
      });
      connection.first = await responder.readMessage1(message.subarray(4));
      payload = new Uint8Array(256);
      await this.reply(connection, responder, payload);
    } else {
      const responder = await Responder.create({
        ...common,
        prologue: schedule.callPrologue(invitation.room),
        presharedKey: invitation.presharedKey,
      });
      connection.first = await responder.readMessage1(message);
      connection.doctorNonce = this.random(32);
      connection.ephemeral = message.slice(0, 32);
      payload = new Uint8Array(256);
      payload.set(concat(u8(1), connection.doctorNonce, this.room.introduction, utf8('fr'), u32(0)));
      await this.reply(connection, responder, payload);
    }
  }

  async reply(connection, responder, payload) {
    const { message, transport } = await responder.writeMessage2(payload);
    connection.transport = transport;
    connection.hash = transport.hash;
    const keys = await schedule.deriveEpochKeys(transport.hash, transport.chainingKey);
    connection.bindingKey = keys.bindingKey;
    connection.resumeSecret = keys.resumeSecret;
    connection.phase = 'answered';
    if (this.corrupt === 'message2') message[60] ^= 1;
    if (this.silentAfterMessage1) return;
    this.relay(connection, message);
  }

  relay(connection, message) {
    connection.reply(concat(u8(0x10), u32(0), message));
  }

  async send(connection, frame) {
    const message = await connection.transport.send.encrypt(encodeFrame(frame));
    if (this.corrupt === 'frames') message[5] ^= 1;
    this.relay(connection, message);
  }

  async confirm(connection, frame) {
    if (frame.type !== 'confirm') throw new Error('the first frame must be a confirmation');
    connection.phase = 'confirmed';
    this.epochs.push(connection.joined);
    this.connection = connection;
    if (connection.joined === 'fresh') {
      const { room } = this.room.invitation;
      const promised = connection.first.subarray(1, 33);
      if (!equal(promised, await schedule.commitment(room, connection.ephemeral, frame.patientNonce))) {
        throw new Error('commitment');
      }
      this.bond = {
        resumeSecret: connection.resumeSecret,
        transcript: await schedule.firstTranscript(connection.hash),
        words: await schedule.authenticationString(connection.hash, frame.patientNonce, connection.doctorNonce),
      };
      await this.send(connection, { type: 'waiting', message: 'Bonjour' });
      if (this.admits) await this.admit(connection);
    } else {
      this.lastEpoch = connection.number;
      await this.admit(connection);
    }
  }

  async admit(connection) {
    this.consumed = true;
    if (this.forgetsAdmit) {
      this.forgetsAdmit = false;
      return connection.reply(null, true);
    }
    this.grant(connection);
    await this.send(connection, { type: 'admit', relayOnly: this.relayOnly ?? false });
    if (this.isNew) await this.askForNew(connection);
  }

  /** The process was killed: another one has the room's secrets, and no connection for media. */
  async restart() {
    this.fingerprint = this.random(32);
    this.bound = false;
    this.consent = null;
    this.isNew = true;
  }

  askForNew(connection) {
    return this.send(connection, { type: 'description', kind: 'restart', generation: 0, sdp: 'new' });
  }

  grant(connection) {
    const { urls, username, credential, lifetime = 600 } = this.servers;
    if (urls === null) return;
    connection.reply(concat(u8(0x86), u8(urls.length), lp(...urls), lp(username, credential), u32(lifetime)));
  }

  async frame(connection, frame) {
    switch (frame.type) {
      case 'consent':
        this.consent = frame;
        if (this.bound && (this.binds ?? true)) await this.sendBinding(connection);
        return;
      case 'description': {
        if (this.consent === null) throw new Error('an offer without consent');
        if (frame.generation <= this.offerGeneration) return;
        this.offerGeneration = frame.generation;
        this.offers = (this.offers ?? 0) + 1;
        if (!this.answers) return;
        if (this.staleTag) await this.send(connection, { type: 'binding', tag: new Uint8Array(32).fill(9) });
        this.patientFingerprint = fromHex(/fp:(\w+)/.exec(frame.sdp)[1]);
        const sdp = `answer to ${frame.generation}`;
        await this.send(connection, { type: 'description', kind: 'answer', generation: frame.generation, sdp });
        if (this.binds ?? true) await this.sendBinding(connection);
        return;
      }
      case 'binding': {
        const { hash, bindingKey } = connection;
        const expected = await schedule.bindingTag('P', bindingKey, hash, this.patientFingerprint, this.fingerprint);
        this.bound = equal(expected, frame.tag);
        return;
      }
      case 'words':
        this.words.push(frame.same);
        return;
      default:
    }
  }

  async sendBinding(connection) {
    const { hash, bindingKey } = connection;
    const seen = this.sees ?? this.patientFingerprint;
    const tag = await schedule.bindingTag('D', bindingKey, hash, seen, this.fingerprint);
    await this.send(connection, { type: 'binding', tag });
  }
}
