// @ts-check
import { Reader, concat, text, u32, u8 } from './bytes.js';
import { ProtocolError } from './errors.js';

/** What a patient and the broker say to each other around the sealed messages. */

/** WebSocket subprotocol. */
export const subprotocol = 'colloque.v1';

/** Octets of one WebSocket message. */
const maximumEnvelope = 65_600;

/** Relay and reflection servers the page takes from one TURN envelope; browsers slow down beyond a few. */
const maximumServers = 8;

/** How a patient joins a room. */
export const joinMode = { fresh: 0, resume: 1 };

/** ERROR codes. */
export const brokerError = {
  unknownRoom: 1,
  used: 2,
  full: 3,
  rate: 4,
  malformed: 5,
  closed: 6,
};

/**
 * @typedef {object} RelayServers
 * @property {string[]} urls `stun:`, `stuns:`, `turn:` or `turns:`
 * @property {string} username empty when there is none
 * @property {string} credential
 * @property {number} lifetime seconds
 */

/**
 * @typedef {{ type: 'relay', message: Uint8Array }} RelayEnvelope one Noise message
 * @typedef {{ type: 'challenge' }} ChallengeEnvelope not for a patient
 * @typedef {{ type: 'state', doctorPresent: boolean }} StateEnvelope
 * @typedef {{ type: 'servers', servers: RelayServers }} ServersEnvelope
 * @typedef {{ type: 'error', code: number }} ErrorEnvelope see {@link brokerError}; other values stay as they are
 * @typedef {RelayEnvelope | ChallengeEnvelope | StateEnvelope | ServersEnvelope | ErrorEnvelope} Envelope
 */

/**
 * @param {Uint8Array} room 16 octets
 * @param {Uint8Array} token 32 octets
 * @param {number} mode see {@link joinMode}
 */
export const encodeJoin = (room, token, mode) => concat(u8(0x01), u8(1), room, token, u8(mode));

/** @param {Uint8Array} message one Noise message; the broker knows which connection it comes from */
export const encodeRelay = (message) => concat(u8(0x10), u32(0), message);

/**
 * @param {Uint8Array} octets untrusted
 * @returns {Envelope | null} null for what the page does not know or cannot read: it is ignored
 */
export function decodeEnvelope(octets) {
  if (octets.length > maximumEnvelope) return null;
  try {
    return decode(new Reader(octets));
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/**
 * @param {Reader} reader
 * @returns {Envelope | null}
 */
function decode(reader) {
  switch (reader.u8()) {
    case 0x10:
      reader.u32();
      return { type: 'relay', message: reader.rest() };
    case 0x81:
      reader.take(32);
      reader.end();
      return { type: 'challenge' };
    case 0x82: {
      const state = reader.u8();
      reader.end();
      return state > 1 ? null : { type: 'state', doctorPresent: state === 1 };
    }
    case 0x86: {
      const count = reader.u8();
      const urls = [];
      for (let i = 0; i < count; i += 1) urls.push(text(reader.lp()));
      const [username, credential] = [text(reader.lp()), text(reader.lp())];
      const lifetime = reader.u32();
      reader.end();
      const known = urls.filter((url) => /^(stuns?|turns?):/.test(url)).slice(0, maximumServers);
      return { type: 'servers', servers: { urls: known, username, credential, lifetime } };
    }
    case 0xe0: {
      const code = reader.u16();
      reader.end();
      return { type: 'error', code };
    }
    default:
      return null;
  }
}
