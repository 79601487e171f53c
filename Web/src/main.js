// @ts-check
import { isInApplication, kindOf } from './browsers.js';
import { equal, hex, utf8 } from './bytes.js';
import { Call } from './call.js';
import { ProtocolError } from './errors.js';
import { linkFlags, parseLink } from './link.js';
import { chooseLocale } from './locale.js';
import { makePaddingWorker } from './padding.js';
import { Patient } from './patient.js';
import { generateKeyPair, sha256 } from './primitives.js';
import { deriveInvitation } from './schedule.js';
import { deserialise, newSession, serialise, wipe } from './session.js';
import { Sockets } from './sockets.js';
import { Sound, microphoneError, noDevices, openMicrophone } from './sound.js';
import { acquireRoom, awaitHandOver, handOver } from './tabs.js';
import { consentText, learn } from './text.js';
import { View } from './view.js';
import { keepScreenOn, letScreenSleep } from './wakefulness.js';

/** The shell: it owns the document's events, the microphone, the clock and the storage. */

const storageKey = 'colloque';
const wallClock = () => Math.floor(Date.now() / 1000);

/** @type {import('./screens.js').Model} */
const model = {
  state: 'loading',
  error: null,
  canRetry: false,
  link: null,
  resumes: false,
  locale: chooseLocale(navigator.languages ?? []),
  browser: kindOf(navigator.userAgent, navigator.maxTouchPoints),
  path: null,
  quality: null,
  call: null,
  copied: 'no',
  waited: 0,
  lasted: null,
  clock: null,
  isStopped: false,
  hears: null,
  devices: noDevices,
};
/** The whole link, for another browser; a page that was reloaded in the call has it no more. */
let link = location.hash.length > 1 ? location.href : null;
const inApplication = isInApplication(navigator.userAgent);
/** How often the loudness of the microphone is shown. Milliseconds. */
const meterInterval = 100;
/**
 * A microphone that is switched off, or that another program has, often gives silence in place of an error; one that
 * works takes a second to begin. Milliseconds.
 */
const silenceLimit = 4_000;
let soundedAt = 0;
/** @type {import('./session.js').Session | null} */
let session = null;
/** @type {Patient | null} */
let patient = null;
/** @type {Call | null} */
let call = null;
/** @type {MediaStreamTrack | null} */
let microphone = null;
let timer = 0;
/** When the waiting room was entered, and when sound first passed. Milliseconds of the page's clock. */
let waitingSince = 0;

const view = new View({
  act, choose, speak: (locale) => show({ locale }), write: (text, isWhole) => void feed({ type: 'write', text, isWhole }),
});
const sound = new Sound(view.audio);
const sockets = new Sockets((event) => void feed(event));

/** Whether the sentences have come, which follow this script: until then it works and shows nothing. */
let hasSentences = false;

/** @param {Partial<import('./screens.js').Model>} change */
function show(change) {
  Object.assign(model, change);
  // The first screen stands already where the early script could show it.
  if (hasSentences && (model.state !== 'loading' || window.early === undefined)) view.show(model);
}

/**
 * @param {string} error
 * @param {Partial<import('./screens.js').Model>} [change]
 */
const fail = (error, change = {}) => show({ state: 'failed', error, canRetry: true, call: null, ...change });

/** The microphone that was asked for before this script had come; whoever takes it has it. */
function takeEarlyMicrophone() {
  const asked = window.early?.microphone ?? null;
  if (window.early) window.early.microphone = null;
  return asked;
}

function giveEarlyMicrophoneBack() {
  takeEarlyMicrophone()?.then((stream) => stream.getTracks().forEach((track) => track.stop()), () => {});
}

/** Reads the link or what a reload left, and shows what can be done. */
async function begin() {
  if (!isSecureContext || crypto.subtle === undefined) return fail('browser-unsupported', { canRetry: false, link });
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
  if (!(await isCapable())) {
    return fail(inApplication ? 'in-app' : 'browser-unsupported', { canRetry: false, link });
  }
  show({ state: 'ready', error: null, resumes: session === stored });
  if (fragment === '' || window.early?.microphone) await enter(false);
}

/** Whether this browser can do what the call needs. In-application browsers often cannot. */
async function isCapable() {
  if (!('RTCPeerConnection' in window) || !navigator.mediaDevices?.getUserMedia) return false;
  return generateKeyPair().then(() => true, () => false);
}

/** @param {import('./screens.js').Action} action */
function act(action) {
  sound.wake();
  switch (action) {
    case 'enter':
      return void enter(false);
    case 'retry':
      if (patient === null || model.error === 'taken-over') return void enter(model.error === 'other-tab' || model.error === 'taken-over');
      return void feed({ type: 'retry' });
    case 'copy-link':
      return void copyLink();
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
    case 'play-sound':
      return sound.ring();
    case 'resume-sound':
      return void resumeSound();
  }
}

async function copyLink() {
  try {
    await navigator.clipboard.writeText(link ?? '');
    show({ copied: 'done' });
  } catch {
    show({ copied: 'failed' });
  }
}

/**
 * Asks for the microphone, takes the room's lock in this browser, and joins.
 * @param {boolean} takeOver from another tab
 */
async function enter(takeOver) {
  if (session === null) return;
  sound.wake();
  show({ state: 'checking', error: null, canRetry: false, link: null, copied: 'no' });
  if (patient === null) sockets.prepare();
  try {
    if (microphone === null) useMicrophone(await openMicrophone(undefined, takeEarlyMicrophone()));
  } catch (error) {
    return microphoneFailed(microphoneError(error));
  }
  keepScreenOn();
  history.replaceState(null, '', '/');
  const name = `colloque ${hex(session.invitation.room)}`;
  const handedOver = takeOver ? awaitHandOver(name, wallClock) : null;
  if (!(await acquireRoom(name, takeOver, () => void stolen(name)))) return fail('other-tab');
  waitingSince = performance.now();
  session = (await handedOver) ?? session;
  patient = new Patient({ session, locale: model.locale, random, wallClock });
  if (microphone === null) return fail('microphone-missing');
  call = new Call({
    microphone,
    audio: view.audio,
    makePaddingWorker,
    onEvent: (event) => void feed(event),
    onPath: (path) => show({ path }),
    onQuality: (quality) => show({ quality }),
  });
  await feed({ type: 'start' });
}

/** @param {string} error */
function microphoneFailed(error) {
  const isShut = inApplication && error === 'microphone-denied';
  fail(isShut ? 'in-app' : error, { link: isShut ? link : null });
  if (error !== 'microphone-denied') return;
  // Whoever finds the permission in the settings need not find the button afterwards.
  navigator.permissions?.query({ name: /** @type {PermissionName} */ ('microphone') }).then((permission) => {
    permission.onchange = () => {
      if (permission.state === 'granted' && model.state === 'failed' && patient === null) void enter(false);
    };
  }, () => {});
}

/** @param {MediaStreamTrack} track in use from now on, before a call and in it */
function useMicrophone(track) {
  const before = microphone;
  microphone = track;
  soundedAt = performance.now();
  show({ hears: null });
  // A telephone call takes the microphone away for a while; a plug that is pulled out takes it for good.
  track.onmute = noteStops;
  track.onunmute = noteStops;
  track.onended = () => {
    if (track === microphone) void replaceMicrophone();
  };
  sound.listen(track);
  void call?.useMicrophone(track).catch(() => {});
  if (before !== null) {
    before.onended = null;
    before.stop();
  }
  void noteDevices();
}

/** @param {string} [id] another one than any */
async function replaceMicrophone(id) {
  try {
    useMicrophone(await openMicrophone(id));
  } catch {
    await noteDevices();
  }
  noteStops();
}

/**
 * @param {'microphone' | 'speaker'} kind
 * @param {string} id
 */
async function choose(kind, id) {
  if (kind === 'microphone') return replaceMicrophone(id);
  await sound.useSpeaker(id).catch(() => {});
  return noteDevices();
}

async function noteDevices() {
  show({ devices: await sound.devices(microphone) });
}

/** Says so when the system took the sound or the microphone away. */
function noteStops() {
  const { audio } = view;
  const isPaused = audio.srcObject !== null && audio.paused;
  const isTaken = microphone !== null && (microphone.muted || microphone.readyState === 'ended');
  show({ isStopped: patient !== null && (isPaused || isTaken) });
}

async function resumeSound() {
  await view.audio.play().catch(() => {});
  if (microphone === null || microphone.muted || microphone.readyState === 'ended') await replaceMicrophone();
  noteStops();
}

/** @param {number} count */
const random = (count) => crypto.getRandomValues(new Uint8Array(count));

/**
 * Another tab took the room: it gets what this one knows, and this one stops.
 * @param {string} name
 */
async function stolen(name) {
  if (patient === null) return;
  const kept = serialise(patient.session);
  await feed({ type: 'taken-over' });
  handOver(name, kept);
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
  if (state !== model.state) stateChanges(state, reason);
  show({ state, error: reason, canRetry, call: rest });
  const isOver = reason !== null && (!canRetry || reason === 'taken-over');
  if (isOver) releaseMicrophone();
  if (isOver && alarm === null && !canRetry) forget();
}

/**
 * @param {import('./patient.js').Snapshot['state']} state
 * @param {import('./reasons.js').Reason | null} reason
 */
function stateChanges(state, reason) {
  if (state === 'admitted') {
    sound.ring();
    navigator.vibrate?.([200, 100, 200]);
  }
  if (reason === null) return;
  const begun = session?.consent?.time ?? null;
  const hasTalked = state === 'ended' && begun !== null && ['connected', 'reconnecting'].includes(model.state);
  show({
    lasted: hasTalked ? Math.floor((wallClock() - begun) / 60) : null,
    clock: reason === 'clock' ? new Date() : null,
    isStopped: false,
  });
}

/** The call is over and the last word said: what a script can overwrite is overwritten. */
function forget() {
  if (session !== null) wipe(session);
  session = null;
  patient = null;
  call = null;
  link = null;
  show({ call: null });
}

/** @param {import('./patient.js').PatientAction} action */
function perform(action) {
  switch (action.type) {
    case 'connect':
      return sockets.connect(action.id);
    case 'send':
      return sockets.send(action.id, action.octets);
    case 'close':
      return sockets.close(action.id);
    case 'save':
      if (action.session === null) sessionStorage.removeItem(storageKey);
      else sessionStorage.setItem(storageKey, serialise(action.session));
      return;
    default:
      call?.perform(action);
  }
}

function releaseMicrophone() {
  if (microphone !== null) microphone.onended = null;
  microphone?.stop();
  microphone = null;
  sound.end();
  letScreenSleep();
}

const networkChanged = () => void feed({ type: 'network-changed' });
const awoke = () => {
  if (patient !== null && document.visibilityState === 'visible' && microphone !== null) {
    keepScreenOn();
    if (view.audio.srcObject !== null && view.audio.paused) view.audio.play().then(noteStops, noteStops);
    // Whoever went to close the other program has come back.
    if (model.hears === 'silence') {
      microphone.onended = null;
      microphone.stop();
      void replaceMicrophone(microphone.getSettings().deviceId);
    }
  }
  void feed({ type: 'awoke' });
};
addEventListener('online', networkChanged);
navigator.connection?.addEventListener('change', networkChanged);
document.addEventListener('visibilitychange', awoke);
document.addEventListener('resume', awoke);
view.audio.addEventListener('pause', noteStops);
view.audio.addEventListener('playing', noteStops);
navigator.mediaDevices?.addEventListener('devicechange', () => {
  if (microphone !== null) void noteDevices();
});
addEventListener('hashchange', () => {
  if (location.hash.length > 1 && patient === null) location.reload();
});
setInterval(() => {
  if (model.state === 'waiting') show({ waited: Math.floor((performance.now() - waitingSince) / 60_000) });
  if (microphone === null) return;
  const { level, isVoice, isSilence } = sound.level();
  if (view.sound.showsMeter) view.sound.showLevel(level);
  const now = performance.now();
  if (!isSilence) soundedAt = now;
  if (isVoice && model.hears !== 'voice') show({ hears: 'voice' });
  else if (model.hears === null && now - soundedAt > silenceLimit) show({ hears: 'silence' });
}, meterInterval);

window.start = () => {
  learn(SENTENCE_NAMES, view.template('first'), view.template('sentences'));
  hasSentences = true;
  show({});
};
begin().catch(() => fail('internal', { canRetry: false })).then(() => {
  // The early button stays until the sentences have come. Where it leads nowhere, the microphone is given back.
  const leadsOn = model.state !== 'bad-link' && model.state !== 'failed';
  if (window.early) window.early.onPress = leadsOn ? () => void enter(false) : giveEarlyMicrophoneBack;
  if (!leadsOn) giveEarlyMicrophoneBack();
});
