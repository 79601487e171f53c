// @ts-check
import { digits, wordIndices } from './schedule.js';
import { texts } from './text.js';
import { unfold } from './words.js';

/**
 * The document, and nothing else: it shows a model and tells which control was pressed.
 *
 * @typedef {'loading' | 'bad-link' | 'ready' | 'checking' | 'waiting' | 'admitted' | 'connecting' | 'connected'
 *   | 'reconnecting' | 'ended' | 'failed'} ViewState
 *
 * @typedef {'enter' | 'consent' | 'refuse' | 'same' | 'different' | 'mute' | 'hang-up' | 'retry' | 'copy-link'} Action
 *
 * @typedef {object} Model
 * @property {ViewState} state
 * @property {string | null} error a stable code
 * @property {boolean} canRetry
 * @property {boolean} canCopyLink
 * @property {boolean} resumes whether the call was already under way when this page was loaded
 * @property {import('./text.js').Locale} locale
 * @property {'direct' | 'relay' | null} path
 * @property {Omit<import('./patient.js').Snapshot, 'state' | 'reason' | 'canRetry'> | null} call
 * @property {boolean} copied
 */

export class View {
  /**
   * @param {Document} page
   * @param {Readonly<Record<string, string>>} wordLists folded
   * @param {(action: Action) => void} onAction
   * @param {(locale: import('./text.js').Locale) => void} onLocale
   */
  constructor(page, wordLists, onAction, onLocale) {
    this.page = page;
    this.wordLists = wordLists;
    this.onAction = onAction;
    this.onLocale = onLocale;
    this.audio = this.element('audio', HTMLAudioElement);
    /** @private What the buttons show, so that they are replaced only when they change. */
    this.shownActions = '';
    /** @private */
    this.shownTitle = '';
    /** @private */
    this.shownModel = '';
  }

  /** @param {Model} model */
  show(model) {
    // Counts of packets come twice a second and change nothing here: what is read aloud must not be replaced.
    const key = JSON.stringify(model);
    if (key === this.shownModel) return;
    this.shownModel = key;
    const { dataset } = this.page.documentElement;
    const text = texts[model.locale];
    dataset.state = model.state;
    if (model.error === null) delete dataset.error;
    else dataset.error = model.error;
    if (model.path === null) delete dataset.path;
    else dataset.path = model.path;
    this.page.documentElement.lang = model.locale;
    this.page.documentElement.dir = text.direction;
    const title = titleOf(model, text);
    this.element('title').textContent = title;
    this.page.title = `${title} · Colloque`;
    this.element('text').replaceChildren(...this.#paragraphs(model, text));
    this.element('footer').textContent = text.secure;
    this.#showNotice(model, text);
    this.#showWords(model, text);
    this.#showActions(model, text);
    this.#showLanguages(model.locale);
    if (title !== this.shownTitle && this.shownTitle !== '') this.element('title').focus({ preventScroll: true });
    this.shownTitle = title;
  }

  /**
   * @param {Model} model
   * @param {import('./text/fr.js').Text} text
   * @returns {HTMLElement[]}
   */
  #paragraphs({ state, error, call, canRetry }, text) {
    switch (state) {
      case 'ready':
        return [this.#make('p', text.ready.text, 'lead'), this.#make('p', text.ready.hint)];
      case 'checking':
        return [this.#make('p', text.checking.text)];
      case 'waiting': {
        const message = call?.message ?? '';
        const note = message === '' ? [] : [this.#make('p', text.waiting.message), this.#make('blockquote', message)];
        return [this.#make('p', call?.doctorPresent ? text.waiting.present : text.waiting.away, 'lead'), ...note];
      }
      case 'admitted': {
        const list = this.#make('ul');
        list.append(...text.admitted.consent.map((line) => this.#make('li', line)));
        return [list];
      }
      case 'connecting':
        return [this.#make('p', text.connecting.text)];
      case 'reconnecting':
        return [this.#make('p', text.reconnecting.text, 'lead'), this.#make('p', hindranceOf(call, text))];
      case 'ended':
      case 'failed':
      case 'bad-link': {
        const fallback = state === 'ended' && !canRetry ? text.ended.text : '';
        return [this.#make('p', text.errors[error ?? '']?.[1] ?? fallback, 'lead')];
      }
      default:
        return [];
    }
  }

  /**
   * @param {Model} model
   * @param {import('./text/fr.js').Text} text
   */
  #showNotice({ state, call, copied }, text) {
    let notice = '';
    if (copied) notice = text.actions.copied;
    else if (state === 'connected' && call?.muted) notice = text.connected.muted;
    else if (state === 'connected' && call?.attached === false) notice = text.connected.signalling;
    const element = this.element('notice');
    if (element.textContent !== notice) element.textContent = notice;
  }

  /**
   * @param {Model} model
   * @param {import('./text/fr.js').Text} text
   */
  #showWords({ state, call }, text) {
    const words = state === 'connected' ? call?.words ?? null : null;
    this.element('words').hidden = words === null;
    if (words === null || !call) return;
    const list = unfold(this.wordLists[words.locale] ?? '');
    const shown = list.length === 256 ? wordIndices(words.octets).map((index) => list[index] ?? '') : [];
    this.element('words-intro').textContent = text.words.intro;
    const items = shown.map((word, index) => this.#make('li', word, index < 2 ? 'mine' : 'theirs'));
    const container = this.element('words-list');
    container.lang = words.locale;
    if (container.textContent !== shown.join('')) container.replaceChildren(...items);
    this.element('digits-label').textContent = text.words.digits;
    this.element('digits').textContent = digits(words.octets).replace(/^(....)/, '$1 ');
    const results = [];
    if (call.ownComparison === 'same') results.push(text.words.same);
    if (call.peerComparison === 'same') results.push(text.words.peerSame);
    this.element('words-result').textContent = results.join(' ');
  }

  /**
   * @param {Model} model
   * @param {import('./text/fr.js').Text} text
   */
  #showActions(model, text) {
    const buttons = buttonsOf(model, text);
    const key = JSON.stringify(buttons);
    if (key === this.shownActions) return;
    this.shownActions = key;
    const container = this.element('actions');
    const focused = /** @type {HTMLElement | null} */ (this.page.activeElement)?.dataset.action;
    container.replaceChildren(
      ...buttons.map(({ action, label, kind, pressed }) => {
        const button = this.#make('button', label, kind);
        button.dataset.action = action;
        button.setAttribute('type', 'button');
        if (pressed !== null) button.setAttribute('aria-pressed', String(pressed));
        button.addEventListener('click', () => this.onAction(action));
        return button;
      }),
    );
    if (focused !== undefined) {
      /** @type {HTMLElement | null} */ (container.querySelector(`[data-action="${focused}"]`))?.focus();
    }
  }

  /** @param {import('./text.js').Locale} current */
  #showLanguages(current) {
    const navigation = this.element('languages');
    if (navigation.dataset.current === current) return;
    navigation.dataset.current = current;
    navigation.setAttribute('aria-label', texts[current].languages);
    const locales = /** @type {import('./text.js').Locale[]} */ (Object.keys(texts));
    navigation.replaceChildren(
      ...locales.map((locale) => {
        const button = this.#make('button', locale.toUpperCase());
        button.lang = locale;
        button.setAttribute('aria-label', `${locale.toUpperCase()}, ${texts[locale].name}`);
        button.setAttribute('aria-pressed', String(locale === current));
        button.addEventListener('click', () => this.onLocale(locale));
        return button;
      }),
    );
  }

  /**
   * @param {string} name
   * @param {string} [content]
   * @param {string} [className]
   */
  #make(name, content = '', className = '') {
    const element = this.page.createElement(name);
    element.textContent = content;
    if (className !== '') element.className = className;
    return element;
  }

  /**
   * @template {HTMLElement} Kind
   * @param {string} id
   * @param {new () => Kind} [kind]
   * @returns {Kind}
   */
  element(id, kind) {
    const element = this.page.getElementById(id);
    if (element === null || (kind !== undefined && !(element instanceof kind))) throw new Error(`no element ${id}`);
    return /** @type {Kind} */ (element);
  }
}

/**
 * @param {Model} model
 * @param {import('./text/fr.js').Text} text
 * @returns {string}
 */
function titleOf({ state, error }, text) {
  if (state === 'ended' || state === 'failed' || state === 'bad-link') {
    return text.errors[error ?? '']?.[0] ?? text.ended.title;
  }
  return text[state].title;
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
 * @returns {{ action: Action, label: string, kind: string, pressed: boolean | null }[]}
 */
function buttonsOf({ state, error, canRetry, canCopyLink, resumes, call }, { actions }) {
  const button = (
    /** @type {Action} */ action,
    /** @type {string} */ label,
    kind = '',
    /** @type {boolean | null} */ pressed = null,
  ) => ({ action, label, kind, pressed });
  const hangUp = button('hang-up', actions.hangUp, 'danger');
  switch (state) {
    case 'ready':
      return [button('enter', resumes ? actions.resume : actions.enter, 'primary')];
    case 'waiting':
      return [button('hang-up', actions.leave)];
    case 'admitted':
      return [button('consent', actions.consent, 'primary'), button('refuse', actions.refuse)];
    case 'connecting':
    case 'reconnecting':
      return [hangUp];
    case 'connected': {
      const undecided = call?.ownComparison === 'none' && call.words !== null;
      const comparison = [button('same', actions.same, 'primary'), button('different', actions.different, 'danger')];
      const muted = call?.muted ?? false;
      const mute = button('mute', muted ? actions.unmute : actions.mute, 'half', muted);
      return [...(undecided ? comparison : []), mute, { ...hangUp, kind: 'half danger' }];
    }
    case 'ended':
    case 'failed':
    case 'bad-link': {
      const takesOver = error === 'other-tab' || error === 'taken-over';
      const retry = canRetry ? [button('retry', takesOver ? actions.takeOver : actions.retry, 'primary')] : [];
      return canCopyLink ? [...retry, button('copy-link', actions.copyLink, 'primary')] : retry;
    }
    default:
      return [];
  }
}
