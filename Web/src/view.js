// @ts-check
import { ChatPanel } from './chat-panel.js';
import { Shown, element, make, write } from './elements.js';
import { icon } from './icons.js';
import { digits, wordIndices } from './schedule.js';
import { announcementOf, screenOf } from './screens.js';
import { SoundPanel } from './sound-panel.js';
import { introduceWords, texts } from './text.js';
import { unfold } from './words.js';

/**
 * The document, and nothing else: it shows a model and tells what a person did.
 *
 * @typedef {object} Handlers
 * @property {(action: import('./screens.js').Action) => void} act
 * @property {(locale: import('./text.js').Locale) => void} speak
 * @property {(kind: 'microphone' | 'speaker', id: string) => void} choose
 * @property {(text: string, isWhole: boolean) => void} write
 */

/** As systems count a double click. Milliseconds. */
const doublePress = 500;

export class View {
  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    this.audio = element('audio', HTMLAudioElement);
    /** @private @type {import('./screens.js').Screen | null} */
    this.screen = null;
    /** @private @type {import('./text/fr.js').Text | null} */
    this.text = null;
    /** @private */
    this.shown = new Shown();
    this.sound = new SoundPanel(this.audio, handlers);
    /** @private */
    this.chat = new ChatPanel(handlers.write);
    /** @private Whether something had the focus that is gone now. */
    this.hadFocus = false;
    /** @private @type {import('./screens.js').Action | null} */
    this.pressed = null;
    /** @private Milliseconds of the page's clock. */
    this.pressedAt = -doublePress;
    this.#listen();
  }

  /** @param {import('./screens.js').Model} model */
  show(model) {
    // Counts of packets come twice a second and change nothing here.
    if (!this.shown.isNew('model', model)) return;
    const text = texts[model.locale];
    const screen = screenOf(model, text);
    const before = this.screen;
    const root = document.documentElement;
    root.dataset.state = model.state;
    for (const name of /** @type {const} */ (['error', 'path', 'quality'])) {
      const value = model[name];
      if (value === null) delete root.dataset[name];
      else root.dataset[name] = value;
    }
    this.#showLanguage(model.locale, text);
    element('title').textContent = screen.title;
    document.title = `${screen.title} · Colloque`;
    if (model.state !== 'loading' && this.shown.isNew('lines', screen.lines)) {
      element('text').replaceChildren(...screen.lines.map((line) => this.#line(line)));
    }
    write('notice', screen.notice);
    write('code', screen.code);
    this.#showWords(model, text);
    this.#showActions(screen.buttons);
    this.sound.show(model, screen.hasSound, text);
    this.#announce(this.chat.show(model.call, screen.hasChat, text.chat));
    this.#announce(announcementOf(screen, before));
    this.#moveFocus(before !== null && before.title !== screen.title);
    this.screen = screen;
  }

  /**
   * Text that the document carries and does not show.
   * @param {string} id
   * @returns {string} empty while that part of the document is on its way
   */
  template(id) {
    const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById(id));
    return template?.content.textContent ?? '';
  }

  /** @param {string} content */
  #announce(content) {
    if (content !== '') element('announcement').textContent = content;
  }

  /**
   * A new screen is read from its title, unless the person is at something that stays.
   * @param {boolean} isNewScreen
   */
  #moveFocus(isNewScreen) {
    const { activeElement, body } = document;
    const isLost = activeElement === null || activeElement === body;
    const isStaying = !isLost && activeElement.closest('details, dialog, nav, footer') !== null;
    if (isNewScreen ? !isStaying : isLost && this.hadFocus) element('title').focus({ preventScroll: !isNewScreen });
    this.hadFocus = document.activeElement !== body;
  }

  /**
   * @param {import('./text.js').Locale} locale
   * @param {import('./text/fr.js').Text} text
   */
  #showLanguage(locale, text) {
    if (this.text === text) return;
    this.text = text;
    const root = document.documentElement;
    root.lang = locale;
    root.dir = text.direction;
    const navigation = element('languages');
    navigation.setAttribute('aria-label', text.languages);
    for (const button of /** @type {Iterable<HTMLElement>} */ (navigation.children)) {
      const name = /** @type {import('./text.js').Locale} */ (button.lang);
      if (!button.hasAttribute('aria-pressed')) button.addEventListener('click', () => this.handlers.speak(name));
      button.setAttribute('aria-label', `${name.toUpperCase()}, ${texts[name].name}`);
      button.setAttribute('aria-pressed', String(name === locale));
    }
    const labels = {
      footer: text.secure, help: text.help.title, legal: text.legal.title, close: text.help.close,
      'digits-label': text.words.digits,
      'microphone-label': text.sound.microphone, 'speaker-label': text.sound.speaker,
      'volume-label': text.sound.volume, deaf: text.sound.deaf, 'letters-label': text.chat.letters,
    };
    for (const [id, label] of Object.entries(labels)) write(id, label);
    this.#label('sound-title', 'speaker', text.sound.title);
    this.#label('chat-title', 'message', text.chat.title);
    this.#label('play-sound', 'speaker', text.actions.playSound);
    this.#label('send', null, text.chat.send);
    element('footer').prepend(icon('lock'));
    element('message').setAttribute('aria-label', text.chat.title);
    element('advice').replaceChildren(...text.sound.advice.map((line) => make('li', line)));
  }

  /**
   * @param {string} id
   * @param {import('./icons.js').Icon | null} name
   * @param {string} label
   */
  #label(id, name, label) {
    element(id).replaceChildren(...(name === null ? [] : [icon(name)]), label);
  }

  /** @param {import('./screens.js').Line} line */
  #line({ kind, text }) {
    switch (kind) {
      case 'list': {
        const list = make('ul');
        list.append(...text.map((one) => make('li', one)));
        return list;
      }
      case 'quote': {
        const quote = make('blockquote', text);
        quote.dir = 'auto';
        return quote;
      }
      case 'link': {
        const field = document.createElement('input');
        field.readOnly = true;
        field.value = text;
        field.className = 'link';
        field.addEventListener('focus', () => field.select());
        field.setAttribute('aria-label', this.text?.actions.copyLink ?? '');
        return field;
      }
      case 'good':
      case 'fair':
      case 'poor': {
        const paragraph = make('p', text, `quality ${kind}`);
        paragraph.prepend(icon(kind));
        return paragraph;
      }
      default:
        return make('p', text, kind);
    }
  }

  /**
   * @param {import('./screens.js').Model} model
   * @param {import('./text/fr.js').Text} text
   */
  #showWords({ state, call, locale }, text) {
    const words = state === 'connected' ? call?.words ?? null : null;
    element('words').hidden = words === null;
    // Nothing of them stays behind a call, not even hidden.
    const list = words === null ? [] : unfold(this.template('word-lists').split('\n').find((list) => list.startsWith(words.locale)) ?? '');
    const shown = words !== null && list.length === 256 ? wordIndices(words.octets).map((index) => list[index] ?? '') : [];
    const container = element('words-list');
    if (this.shown.isNew('words', shown)) {
      container.replaceChildren(...shown.map((word, index) => make('li', word, index < 2 ? 'mine' : 'theirs')));
    }
    write('digits', words === null ? '' : digits(words.octets).replace(/^(....)/, '$1 '));
    // Below the buttons, since it comes while a finger may be on its way to one.
    const results = [];
    if (words !== null && call?.ownComparison === 'same') results.push(text.words.same);
    if (words !== null && call?.peerComparison === 'same') results.push(text.words.peerSame);
    const result = results.join(' ');
    if (this.shown.isNew('words-result', result)) {
      write('words-result', result);
      this.#announce(result);
    }
    if (words === null) return;
    container.lang = words.locale;
    write('words-intro', introduceWords(shown.length > 0 ? words.locale : locale, locale));
  }

  /** @param {import('./screens.js').Button[]} buttons */
  #showActions(buttons) {
    if (!this.shown.isNew('actions', buttons)) return;
    const container = element('actions');
    const before = /** @type {HTMLElement[]} */ ([...container.children]);
    // One that stays is never taken away: a finger may be on it, or the focus.
    const wanted = buttons.map((button) => this.#button(button, before.find((one) => one.dataset.action === button.action)));
    for (const button of before) if (!wanted.includes(button)) button.remove();
    wanted.forEach((button, index) => {
      if (container.children[index] !== button) container.insertBefore(button, container.children[index] ?? null);
    });
  }

  /**
   * @param {import('./screens.js').Button} button
   * @param {HTMLElement} [before] with the same action; the first screen's has come from the early script
   */
  #button({ action, label, kind, icon: name }, before) {
    const button = before ?? make('button');
    if (before === undefined) {
      button.dataset.action = action;
      button.setAttribute('type', 'button');
      button.addEventListener('click', (event) => this.#press(action, event));
    }
    if (button.className !== kind || button.textContent !== label) {
      button.className = kind;
      button.replaceChildren(...(name === null ? [] : [icon(name)]), label);
    }
    return button;
  }

  /**
   * @param {import('./screens.js').Action} action
   * @param {MouseEvent} event
   */
  #press(action, { detail, timeStamp }) {
    // Who presses twice means what stood there first: the second half of it may fall on what took its place. A key has no
    // place, and no count of presses.
    const isSecondHalf = detail > 0 && action !== this.pressed && timeStamp - this.pressedAt < doublePress;
    if (isSecondHalf) return;
    this.pressed = action;
    this.pressedAt = timeStamp;
    this.handlers.act(action);
  }

  /**
   * @param {readonly (readonly string[])[]} topics title and text each
   * @param {string} title
   */
  #openSheet(topics, title) {
    element('sheet-title').textContent = title;
    element('topics').replaceChildren(
      ...topics.flatMap(([heading, body]) => [make('h3', heading), make('p', body)]),
    );
    const sheet = /** @type {HTMLDialogElement} */ (element('sheet'));
    sheet.showModal?.();
    sheet.scrollTop = 0;
  }

  #listen() {
    element('help').addEventListener('click', () => {
      if (this.text === null) return;
      const { help, sound } = this.text;
      this.#openSheet([...help.topics, [sound.deaf, sound.advice.join(' ')], help.urgent], help.title);
    });
    element('legal').addEventListener('click', () => {
      if (this.text !== null) this.#openSheet(this.text.legal.topics, this.text.legal.title);
    });
    element('close').addEventListener('click', () => /** @type {HTMLDialogElement} */ (element('sheet')).close());
  }
}
