// @ts-check
import { subprotocol } from './envelopes.js';

/** The broker closes a socket that says nothing for 5 s. Milliseconds. */
const spareLifetime = 3_500;

function open() {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`, subprotocol);
  socket.binaryType = 'arraybuffer';
  return socket;
}

/** The sockets to the broker, one after another: each has a number, and only the latest is spoken to. */
export class Sockets {
  /** @param {(event: Extract<import('./patient.js').PatientEvent, { id: number }>) => void} onEvent */
  constructor(onEvent) {
    this.onEvent = onEvent;
    /** @private @type {{ id: number, socket: WebSocket } | null} */
    this.current = null;
    /** @private @type {{ socket: WebSocket, since: number } | null} */
    this.spare = null;
  }

  /** Opens the socket of the first connection while the microphone is asked for. */
  prepare() {
    this.spare ??= { socket: open(), since: performance.now() };
  }

  /** @param {number} id */
  connect(id) {
    const socket = this.#takeSpare() ?? open();
    this.current = { id, socket };
    const opened = () => this.onEvent({ type: 'socket-open', id });
    if (socket.readyState === WebSocket.OPEN) queueMicrotask(opened);
    socket.onopen = opened;
    socket.onclose = () => this.onEvent({ type: 'socket-closed', id });
    socket.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer) this.onEvent({ type: 'socket-message', id, octets: new Uint8Array(data) });
    };
  }

  /**
   * @param {number} id
   * @param {Uint8Array} octets
   */
  send(id, octets) {
    if (this.current?.id === id && this.current.socket.readyState === WebSocket.OPEN) this.current.socket.send(octets);
  }

  /** @param {number} id */
  close(id) {
    if (this.current?.id === id) this.current.socket.close();
  }

  /** @returns {WebSocket | null} the prepared socket, unless the broker may have lost patience with it */
  #takeSpare() {
    const { spare } = this;
    this.spare = null;
    if (spare === null) return null;
    const isFresh = performance.now() - spare.since < spareLifetime && spare.socket.readyState <= WebSocket.OPEN;
    if (!isFresh) spare.socket.close();
    return isFresh ? spare.socket : null;
  }
}
