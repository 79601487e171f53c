// @ts-check
import { codes } from './codes.js';
import { fill, spellDate, spellMinutes } from './text.js';

/**
 * What a screen says and offers, from what is known. No document here: the view shows it, a test can read it.
 *
 * @typedef {'loading' | 'bad-link' | 'ready' | 'checking' | 'waiting' | 'admitted' | 'connecting' | 'connected'
 *   | 'reconnecting' | 'ended' | 'failed'} ViewState
 *
 * @typedef {'enter' | 'consent' | 'refuse' | 'same' | 'different' | 'mute' | 'hang-up' | 'retry' | 'copy-link'
 *   | 'play-sound' | 'resume-sound'} Action
 *
 * @typedef {object} Model
 * @property {ViewState} state
 * @property {string | null} error a stable code
 * @property {boolean} canRetry
 * @property {string | null} link to copy, where another browser would help
 * @property {boolean} resumes whether the call was already under way when this page was loaded
 * @property {import('./text.js').Locale} locale
 * @property {import('./browsers.js').Kind} browser
 * @property {'direct' | 'relay' | null} path
 * @property {import('./quality.js').Quality | null} quality
 * @property {Omit<import('./patient.js').Snapshot, 'state' | 'reason' | 'canRetry'> | null} call
 * @property {'no' | 'done' | 'failed'} copied
 * @property {number} waited minutes in the waiting room
 * @property {number | null} lasted minutes of a call that is over
 * @property {Date | null} clock what this device says of the time, when it seems wrong
 * @property {boolean} isStopped whether the system took the sound or the microphone away
 * @property {'voice' | 'silence' | null} hears what this microphone has heard, null until it is known
 * @property {import('./sound.js').Devices} devices
 *
 * @typedef {{ kind: 'lead' | 'quiet' | 'since' | 'quote' | 'link' | import('./quality.js').Quality, text: string }
 *   | { kind: 'list', text: readonly string[] }} Line
 * @typedef {{ action: Action, label: string, kind: string, icon: import('./icons.js').Icon | null }} Button
 *
 * @typedef {object} Screen
 * @property {string} title
 * @property {Line[]} lines
 * @property {Button[]} buttons
 * @property {string} notice
 * @property {string} code to read out on the telephone
 * @property {boolean} hasSound whether microphone and loudspeaker can be tried and chosen
 * @property {boolean} hasChat
 */

/**
 * @param {Model} model
 * @param {import('./text/fr.js').Text} text
 * @returns {Screen}
 */
export function screenOf(model, text) {
  const { state, error } = model;
  const isTalking = state === 'connected' || state === 'reconnecting';
  const number = (state === 'failed' || state === 'bad-link') && error !== null ? codes[error] : undefined;
  return {
    title: titleOf(model, text),
    lines: linesOf(model, text),
    buttons: buttonsOf(model, text),
    notice: noticeOf(model, text),
    code: number === undefined ? '' : fill(text.code, number),
    hasSound: isTalking || state === 'waiting' || state === 'connecting',
    hasChat: isTalking,
  };
}

/**
 * What to say aloud of a screen that follows another: all of it behind a new title, else only what is new.
 * @param {Screen} screen
 * @param {Screen | null} before
 */
export function announcementOf(screen, before) {
  const sentences = (/** @type {Screen} */ { lines, notice }) =>
    [...lines.filter(({ kind }) => kind !== 'since' && kind !== 'link').flatMap((line) => line.text), notice];
  if (screen.title !== before?.title) return [screen.title, ...sentences(screen)].filter(Boolean).join(' ');
  const known = new Set(sentences(before));
  return sentences(screen).filter((sentence) => !known.has(sentence)).join(' ');
}

/**
 * Errors that ask the same of a person share their words; the code tells them apart.
 * @type {Readonly<Record<string, string>>}
 */
const likenesses = {
  alphabet: 'incomplete', flags: 'version', 'post-quantum': 'version', protocol: 'version',
  'relay-missing': 'version', 'binding-failed': 'words-differ', 'refused-wrong-person': 'refused',
};

/**
 * @param {string | null} error
 * @param {import('./text/fr.js').Text} text
 */
const wordsOf = (error, { errors }) => errors[likenesses[error ?? ''] ?? error ?? ''];

/**
 * @param {Model} model
 * @param {import('./text/fr.js').Text} text
 * @returns {string}
 */
function titleOf({ state, error }, text) {
  if (state === 'ended' || state === 'failed' || state === 'bad-link') {
    return wordsOf(error, text)?.[0] ?? text.ended.title;
  }
  return text[state].title;
}

/**
 * @param {Model} model
 * @param {import('./text/fr.js').Text} text
 * @returns {Line[]}
 */
function linesOf(model, text) {
  const { state, error, call, locale } = model;
  switch (state) {
    case 'ready':
      return [
        { kind: 'lead', text: text.ready.text }, { kind: 'list', text: text.ready.facts },
        { kind: 'quiet', text: text.ready.hint },
      ];
    case 'checking':
      return [{ kind: 'quiet', text: text.checking.text }];
    case 'waiting': {
      const message = call?.message ?? '';
      const { present, away } = text.waiting;
      return [
        { kind: 'lead', text: call?.seeksServer ? text.reconnecting.server : call?.doctorPresent ? present : away },
        ...when(model.waited > 0, 'since', fill(text.waiting.since, spellMinutes(model.waited, locale))),
        ...when(message !== '', 'quiet', text.waiting.message), ...when(message !== '', 'quote', message),
      ];
    }
    case 'admitted':
      return [{ kind: 'list', text: text.admitted.consent }];
    case 'connecting':
      return [{ kind: 'quiet', text: text.connecting.text }];
    case 'connected':
      if (model.isStopped) return [{ kind: 'lead', text: text.sound.stopped }];
      // The line is there from the beginning: what comes later must not move a button from under a finger.
      return [model.quality === null ? { kind: 'quiet', text: '\u00a0' } : { kind: model.quality, text: text.quality[model.quality] }];
    case 'reconnecting':
      return [{ kind: 'lead', text: text.reconnecting.text }, { kind: 'quiet', text: hindranceOf(call, text) }];
    case 'ended':
    case 'failed':
    case 'bad-link': {
      const { lasted, clock, link } = model;
      const isDenied = error === 'microphone-denied';
      return [
        { kind: 'lead', text: wordsOf(error, text)?.[1] ?? text.ended.text },
        ...when(isDenied, 'quiet', text.permission[model.browser]), ...when(isDenied, 'quiet', text.permission.device),
        ...when(error === 'clock', 'quiet', fill(text.today, clock === null ? '' : spellDate(clock, locale))),
        ...when(lasted !== null, 'quiet', fill(text.ended.lasted, spellMinutes(lasted ?? 0, locale))),
        ...when(state === 'ended', 'quiet', text.ended.kept),
        ...when(model.copied === 'failed', 'quiet', text.byHand),
        ...when(model.copied === 'failed', 'link', link ?? ''),
      ];
    }
    default:
      return [];
  }
}

/**
 * @param {boolean} condition
 * @param {Exclude<Line['kind'], 'list'>} kind
 * @param {string} text
 * @returns {Line[]}
 */
const when = (condition, kind, text) => (condition ? [{ kind, text }] : []);

/**
 * @param {Model} model
 * @param {import('./text/fr.js').Text} text
 */
function noticeOf({ state, call, copied, hears }, text) {
  if (copied === 'done') return text.actions.copied;
  if (state !== 'connected') return '';
  if (call?.muted) return text.connected.muted;
  if (hears === 'silence') return text.sound.silence;
  return call?.attached === false ? text.connected.signalling : '';
}

/**
 * What is missing while a call is taken up again.
 * @param {Model['call']} call
 * @param {import('./text/fr.js').Text} text
 */
function hindranceOf(call, { reconnecting }) {
  if (call?.attached) return reconnecting.path;
  return call?.awaitsDoctor ? reconnecting.doctor : reconnecting.server;
}

/**
 * @param {Model} model
 * @param {import('./text/fr.js').Text} text
 * @returns {Button[]}
 */
function buttonsOf({ state, error, canRetry, link, resumes, call, isStopped }, { actions }) {
  const button = (
    /** @type {Action} */ action,
    /** @type {string} */ label,
    kind = '',
    /** @type {import('./icons.js').Icon | null} */ icon = null,
  ) => ({ action, label, kind, icon });
  const hangUp = button('hang-up', actions.hangUp, 'danger', 'hangUp');
  const resumeSound = isStopped ? [button('resume-sound', actions.resumeSound, 'primary', 'speaker')] : [];
  switch (state) {
    case 'ready':
      return [button('enter', resumes ? actions.resume : actions.enter, 'primary')];
    case 'waiting':
      return [button('hang-up', actions.leave)];
    case 'admitted':
      return [button('consent', actions.consent, 'primary', 'yes'), button('refuse', actions.refuse, '', 'no')];
    case 'connecting':
    case 'reconnecting':
      return [...resumeSound, hangUp];
    case 'connected': {
      const undecided = call?.ownComparison === 'none' && call.words !== null;
      const comparison = [
        button('same', actions.same, isStopped ? '' : 'primary', 'yes'),
        button('different', actions.different, 'danger', 'no'),
      ];
      const mute = call?.muted
        ? button('mute', actions.unmute, 'half on', 'silent') : button('mute', actions.mute, 'half', 'microphone');
      return [...(undecided ? comparison : []), ...resumeSound, mute, { ...hangUp, kind: 'half danger' }];
    }
    case 'ended':
    case 'failed':
    case 'bad-link': {
      const takesOver = error === 'other-tab' || error === 'taken-over';
      const again = takesOver ? actions.takeOver : actions.retry;
      return [
        ...(link === null ? [] : [button('copy-link', actions.copyLink, 'primary', 'copy')]),
        ...(canRetry ? [button('retry', again, link === null ? 'primary' : '', 'again')] : []),
      ];
    }
    default:
      return [];
  }
}
