// @ts-check
import { base64url, equal, utf8 } from './bytes.js';
import { Call } from './call.js';
import { subprotocol } from './envelopes.js';
import { ProtocolError } from './errors.js';
import { linkFlags, parseLink } from './link.js';
import { Patient } from './patient.js';
import { generateKeyPair, sha256 } from './primitives.js';
import { deriveInvitation } from './schedule.js';
import { deserialise, newSession, serialise } from './session.js';
import { chooseLocale, consentText } from './text.js';
import { View } from './view.js';

/** The shell: it owns the document's events, the socket, the microphone, the clock and the storage. */

const storageKey = 'colloque';
const wallClock = () => Math.floor(Date.now() / 1000);

/** @type {import('./view.js').Model} */
const model = {
  state: 'loading',
  error: null,
  canRetry: false,
  canCopyLink: false,
  resumes: false,
  locale: chooseLocale(navigator.languages ?? []),
  path: null,
  call: null,
  copied: false,
};
const link = location.href;
/** @type {import('./session.js').Session | null} */
let session = null;
/** @type {Patient | null} */
let patient = null;
/** @type {Call | null} */
let call = null;
/** @type {MediaStreamTrack | null} */
let microphone = null;
/** @type {{ id: number, socket: WebSocket } | null} */
let current = null;
let timer = 0;

const view = new View(document, WORD_LISTS, act, (locale) => show({ locale }));

/** @param {Partial<import('./view.js').Model>} change */
function show(change) {
  Object.assign(model, change);
  view.show(model);
}

/**
 * @param {string} error
 * @param {Partial<import('./view.js').Model>} [change]
 */
const fail = (error, change = {}) => show({ state: 'failed', error, canRetry: true, call: null, ...change });

/** Reads the link or what a reload left, and shows what can be done. */
async function begin() {
  const fragment = location.hash.slice(1);
  const stored = deserialise(sessionStorage.getItem(storageKey), wallClock());
  if (fragment === '' && stored === null) return show({ state: 'bad-link', error: 'missing' });
  try {
    if (fragment !== '') {
      const parsed = await parseLink(fragment);
      if ((parsed.flags & linkFlags.postQuantum) !== 0) throw new ProtocolError('post-quantum');
      const invitation = await deriveInvitation(parsed);
      session = stored !== null && equal(stored.invitation.room, invitation.room) ? stored : newSession(invitation);
    } else session = stored;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return show({ state: 'bad-link', error: error.code });
  }
  if (!(await isCapable())) return fail('browser-unsupported', { canRetry: false, canCopyLink: true });
  show({ state: 'ready', error: null, resumes: session === stored });
  if (fragment === '') await enter(false);
}

/** Whether this browser can do what the call needs. In-application browsers often cannot. */
async function isCapable() {
  if (!isSecureContext || !('RTCPeerConnection' in window) || !navigator.mediaDevices?.getUserMedia) return false;
  return generateKeyPair().then(() => true, () => false);
}

/** @param {import('./view.js').Action} action */
function act(action) {
  switch (action) {
    case 'enter':
      return void enter(false);
    case 'retry':
      if (patient === null || model.error === 'taken-over') return void enter(model.error?.startsWith('microphone') !== true);
      return void feed({ type: 'retry' });
    case 'copy-link':
      return void navigator.clipboard.writeText(link).then(() => show({ copied: true }), () => {});
    case 'consent':
      return void consent();
    case 'refuse':
      return void feed({ type: 'decline' });
    case 'same':
    case 'different':
      return void feed({ type: 'words', same: action === 'same' });
    case 'mute':
      return void feed({ type: 'mute', muted: !(model.call?.muted ?? false) });
    case 'hang-up':
      return void feed({ type: 'hang-up' });
  }
}

/**
 * Asks for the microphone, takes the room's lock in this browser, and joins.
 * @param {boolean} takeOver from another tab
 */
async function enter(takeOver) {
  if (session === null) return;
  show({ state: 'checking', error: null, canRetry: false });
  try {
    microphone ??= await openMicrophone();
  } catch (error) {
    return fail(microphoneError(error));
  }
  history.replaceState(null, '', '/');
  const name = `colloque ${base64url(session.invitation.room)}`;
  const handedOver = takeOver ? receiveSession(name) : null;
  if (!(await acquire(name, takeOver))) return fail('other-tab');
  session = (await handedOver) ?? session;
  patient = new Patient({ session, locale: model.locale, random, wallClock });
  call = new Call({
    microphone,
    audio: view.audio,
    makePaddingWorker,
    onEvent: (event) => void feed(event),
    onPath: (path) => show({ path }),
  });
  await feed({ type: 'start' });
}

async function openMicrophone() {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  const stream = await navigator.mediaDevices.getUserMedia({ audio });
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new DOMException('no track', 'NotFoundError');
  track.addEventListener('ended', () => (microphone = null));
  return track;
}

/** @param {unknown} error */
function microphoneError(error) {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'microphone-missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'microphone-busy';
  return 'microphone-denied';
}

/** @param {number} count */
const random = (count) => crypto.getRandomValues(new Uint8Array(count));

/**
 * One tab of a browser holds a room.
 * @param {string} name
 * @param {boolean} steal
 * @returns {Promise<boolean>}
 */
function acquire(name, steal) {
  return new Promise((resolve) => {
    navigator.locks
      .request(name, steal ? { steal } : { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise(() => {});
      })
      .catch(() => handOver(name));
  });
}

/**
 * Another tab took the room: it gets what this one knows, and this one stops.
 * @param {string} name
 */
async function handOver(name) {
  if (patient === null) return;
  const kept = serialise(patient.session);
  await feed({ type: 'taken-over' });
  const channel = new BroadcastChannel(name);
  channel.postMessage(kept);
  channel.close();
}

/**
 * @param {string} name
 * @returns {Promise<import('./session.js').Session | null>} null when the other tab says nothing
 */
function receiveSession(name) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(name);
    const finish = (/** @type {import('./session.js').Session | null} */ received) => {
      channel.close();
      resolve(received);
    };
    channel.onmessage = ({ data }) => finish(deserialise(typeof data === 'string' ? data : null, wallClock()));
    setTimeout(() => finish(null), 500);
  });
}

async function consent() {
  const { locale } = model;
  const textHash = await sha256(utf8(consentText(locale)));
  await feed({ type: 'consent', consent: { locale, textHash, time: wallClock() } });
}

/** @param {import('./patient.js').PatientEvent} event */
async function feed(event) {
  if (patient === null) return;
  await patient.handle(event, performance.now());
  for (const action of patient.takeActions()) perform(action);
  const alarm = patient.nextAlarm();
  clearTimeout(timer);
  if (alarm !== null) timer = window.setTimeout(() => void feed({ type: 'tick' }), Math.max(0, alarm - performance.now()));
  const { state, reason, canRetry, ...rest } = patient.snapshot();
  if ((reason !== null && !canRetry) || reason === 'taken-over') releaseMicrophone();
  if (state === 'connected' && model.state !== 'connected') keepScreenOn();
  show({ state, error: reason, canRetry, call: rest });
}

/** @param {import('./patient.js').PatientAction} action */
function perform(action) {
  switch (action.type) {
    case 'connect':
      return connect(action.id);
    case 'send':
      if (current?.id === action.id && current.socket.readyState === WebSocket.OPEN) current.socket.send(action.octets);
      return;
    case 'close':
      if (current?.id === action.id) current.socket.close();
      return;
    case 'save':
      if (action.session === null) sessionStorage.removeItem(storageKey);
      else sessionStorage.setItem(storageKey, serialise(action.session));
      return;
    default:
      call?.perform(action);
  }
}

/** @param {number} id */
function connect(id) {
  const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`, subprotocol);
  socket.binaryType = 'arraybuffer';
  current = { id, socket };
  socket.onopen = () => void feed({ type: 'socket-open', id });
  socket.onclose = () => void feed({ type: 'socket-closed', id });
  socket.onmessage = ({ data }) => {
    if (data instanceof ArrayBuffer) void feed({ type: 'socket-message', id, octets: new Uint8Array(data) });
  };
}

const policy = window.trustedTypes?.createPolicy('colloque-worker', {
  createScriptURL: () => URL.createObjectURL(new Blob([PADDING_WORKER], { type: 'text/javascript' })),
});

/** The one script that is not in the document's own: made from text inside it. */
function makePaddingWorker() {
  // Engines without transforms are Chromium's older ones, which obey `cbr=1`: their packets have one size anyway.
  if (!('RTCRtpScriptTransform' in window)) return null;
  const url = policy?.createScriptURL('') ?? URL.createObjectURL(new Blob([PADDING_WORKER]));
  const worker = new Worker(/** @type {string} */ (url));
  return worker;
}

function releaseMicrophone() {
  microphone?.stop();
  microphone = null;
}

function keepScreenOn() {
  /** @type {any} */ (navigator).wakeLock?.request('screen').catch(() => {});
}

const networkChanged = () => void feed({ type: 'network-changed' });
const awoke = () => void feed({ type: 'awoke' });
addEventListener('online', networkChanged);
navigator.connection?.addEventListener('change', networkChanged);
document.addEventListener('visibilitychange', awoke);
document.addEventListener('resume', awoke);
addEventListener('hashchange', () => {
  if (location.hash.length > 1 && patient === null) location.reload();
});

show({});
void begin();
