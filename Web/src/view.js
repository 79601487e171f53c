// @ts-check
import { icon } from './icons.js';
import { digits, wordIndices } from './schedule.js';
import { announcementOf, screenOf } from './screens.js';
import { texts } from './text.js';
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

export class View {
  /**
   * @param {Document} page
   * @param {Handlers} handlers
   */
  constructor(page, handlers) {
    this.page = page;
    this.handlers = handlers;
    this.audio = this.#element('audio', HTMLAudioElement);
    /** @private @type {import('./screens.js').Screen | null} */
    this.screen = null;
    /** @private @type {import('./text/fr.js').Text | null} */
    this.text = null;
    /** @private What each part shows, so that nothing is replaced under a reader's finger or ear. */
    this.shown = new Map();
    /** @private @type {import('./screens.js').Model['state'] | null} */
    this.state = null;
    /** @private How many messages of the doctor were shown. */
    this.received = 0;
    /** @private Whether something had the focus that is gone now. */
    this.hadFocus = false;
    this.#listen();
  }

  /** @param {import('./screens.js').Model} model */
  show(model) {
    // Counts of packets come twice a second and change nothing here.
    if (!this.#isNew('model', model)) return;
    const text = texts[model.locale];
    const screen = screenOf(model, text);
    const before = this.screen;
    const root = this.page.documentElement;
    root.dataset.state = model.state;
    for (const name of /** @type {const} */ (['error', 'path', 'quality'])) {
      const value = model[name];
      if (value === null) delete root.dataset[name];
      else root.dataset[name] = value;
    }
    this.#showLanguage(model.locale, text);
    this.#element('title').textContent = screen.title;
    this.page.title = `${screen.title} · Colloque`;
    if (model.state !== 'loading' && this.#isNew('lines', screen.lines)) {
      this.#element('text').replaceChildren(...screen.lines.map((line) => this.#line(line)));
    }
    this.#write('notice', screen.notice);
    this.#write('code', screen.code);
    this.#showWords(model, text);
    this.#showActions(screen.buttons);
    this.#showSound(model, screen, text);
    this.#showChat(model, screen, text);
    this.#announce(announcementOf(screen, before));
    this.#moveFocus(before !== null && before.title !== screen.title);
    this.screen = screen;
    this.state = model.state;
  }

  /**
   * Text that the document carries and does not show.
   * @param {string} id
   * @returns {string} empty while that part of the document is on its way
   */
  template(id) {
    const template = /** @type {HTMLTemplateElement | null} */ (this.page.getElementById(id));
    return template?.content.textContent ?? '';
  }

  /** Whether somebody can see how loud the microphone is. */
  get showsMeter() {
    const panel = this.#element('sound', HTMLDetailsElement);
    return !panel.hidden && panel.open;
  }

  /** @param {number} level 0…1 */
  showLevel(level) {
    this.#element('meter').style.transform = `scaleX(${level})`;
  }

  /**
   * @param {string} part
   * @param {unknown} value
   */
  #isNew(part, value) {
    const key = JSON.stringify(value);
    if (this.shown.get(part) === key) return false;
    this.shown.set(part, key);
    return true;
  }

  /**
   * @param {string} id
   * @param {string} content
   */
  #write(id, content) {
    const element = this.#element(id);
    if (element.textContent !== content) element.textContent = content;
  }

  /** @param {string} content */
  #announce(content) {
    if (content !== '') this.#element('announcement').textContent = content;
  }

  /**
   * A new screen is read from its title, unless the person is at something that stays.
   * @param {boolean} isNewScreen
   */
  #moveFocus(isNewScreen) {
    const { activeElement, body } = this.page;
    const isLost = activeElement === null || activeElement === body;
    const isStaying = !isLost && activeElement.closest('details, dialog, nav, footer') !== null;
    if (isNewScreen ? !isStaying : isLost && this.hadFocus) this.#element('title').focus({ preventScroll: !isNewScreen });
    this.hadFocus = this.page.activeElement !== body;
  }

  /**
   * @param {import('./text.js').Locale} locale
   * @param {import('./text/fr.js').Text} text
   */
  #showLanguage(locale, text) {
    if (this.text === text) return;
    this.text = text;
    const root = this.page.documentElement;
    root.lang = locale;
    root.dir = text.direction;
    const navigation = this.#element('languages');
    navigation.setAttribute('aria-label', text.languages);
    if (navigation.childElementCount === 0) {
      navigation.append(...Object.entries(texts).map(([name, { name: title }]) => {
        const button = this.#make('button', name.toUpperCase());
        button.lang = name;
        button.setAttribute('aria-label', `${name.toUpperCase()}, ${title}`);
        button.addEventListener('click', () => this.handlers.speak(/** @type {import('./text.js').Locale} */ (name)));
        return button;
      }));
    }
    for (const button of navigation.children) {
      button.setAttribute('aria-pressed', String(button instanceof HTMLElement && button.lang === locale));
    }
    const labels = {
      footer: text.secure, help: text.help.title, legal: text.legal.title, close: text.help.close,
      'words-intro': text.words.intro, 'digits-label': text.words.digits,
      'microphone-label': text.sound.microphone, 'speaker-label': text.sound.speaker,
      'volume-label': text.sound.volume, deaf: text.sound.deaf, 'letters-label': text.chat.letters,
    };
    for (const [id, label] of Object.entries(labels)) this.#write(id, label);
    this.#label('sound-title', 'speaker', text.sound.title);
    this.#label('chat-title', 'message', text.chat.title);
    this.#label('play-sound', 'speaker', text.actions.playSound);
    this.#label('send', null, text.chat.send);
    this.#element('footer').prepend(icon(this.page, 'lock'));
    this.#element('message').setAttribute('aria-label', text.chat.title);
    this.#element('advice').replaceChildren(...text.sound.advice.map((line) => this.#make('li', line)));
  }

  /**
   * @param {string} id
   * @param {import('./icons.js').Icon | null} name
   * @param {string} label
   */
  #label(id, name, label) {
    this.#element(id).replaceChildren(...(name === null ? [] : [icon(this.page, name)]), label);
  }

  /** @param {import('./screens.js').Line} line */
  #line({ kind, text }) {
    switch (kind) {
      case 'list': {
        const list = this.#make('ul');
        list.append(...text.map((one) => this.#make('li', one)));
        return list;
      }
      case 'quote': {
        const quote = this.#make('blockquote', text);
        quote.dir = 'auto';
        return quote;
      }
      case 'link': {
        const field = this.page.createElement('input');
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
        const paragraph = this.#make('p', text, `quality ${kind}`);
        paragraph.prepend(icon(this.page, kind));
        return paragraph;
      }
      default:
        return this.#make('p', text, kind);
    }
  }

  /**
   * @param {import('./screens.js').Model} model
   * @param {import('./text/fr.js').Text} text
   */
  #showWords({ state, call }, text) {
    const words = state === 'connected' ? call?.words ?? null : null;
    this.#element('words').hidden = words === null;
    // Nothing of them stays behind a call, not even hidden.
    const list = words === null ? [] : unfold(this.template('word-lists').split('\n').find((list) => list.startsWith(words.locale)) ?? '');
    const shown = words !== null && list.length === 256 ? wordIndices(words.octets).map((index) => list[index] ?? '') : [];
    const container = this.#element('words-list');
    if (this.#isNew('words', shown)) {
      container.replaceChildren(...shown.map((word, index) => this.#make('li', word, index < 2 ? 'mine' : 'theirs')));
    }
    this.#write('digits', words === null ? '' : digits(words.octets).replace(/^(....)/, '$1 '));
    if (words === null || !call) return;
    container.lang = words.locale;
    const results = [];
    if (call.ownComparison === 'same') results.push(text.words.same);
    if (call.peerComparison === 'same') results.push(text.words.peerSame);
    this.#write('words-result', results.join(' '));
  }

  /** @param {import('./screens.js').Button[]} buttons */
  #showActions(buttons) {
    if (!this.#isNew('actions', buttons)) return;
    const container = this.#element('actions');
    const focused = /** @type {HTMLElement | null} */ (this.page.activeElement)?.dataset.action;
    container.replaceChildren(
      ...buttons.map(({ action, label, kind, icon: name }) => {
        const button = this.#make('button', label, kind);
        button.dataset.action = action;
        button.setAttribute('type', 'button');
        if (name !== null) button.prepend(icon(this.page, name));
        button.addEventListener('click', () => this.handlers.act(action));
        return button;
      }),
    );
    if (focused !== undefined) {
      /** @type {HTMLElement | null} */ (container.querySelector(`[data-action="${focused}"]`))?.focus();
    }
  }

  /**
   * @param {import('./screens.js').Model} model
   * @param {import('./screens.js').Screen} screen
   * @param {import('./text/fr.js').Text} text
   */
  #showSound({ state, devices, hears, path }, { hasSound }, text) {
    const panel = this.#element('sound', HTMLDetailsElement);
    panel.hidden = !hasSound;
    // While a person waits there is time to try; in a call the panel is in the way.
    if (state !== this.state && (state === 'waiting' || this.state === 'waiting')) panel.open = state === 'waiting';
    this.#write('meter-text', text.sound[hears ?? 'speak']);
    this.#write('path', path === null ? '' : text.path[path]);
    const { microphones, speakers, microphone, speaker } = devices;
    this.#offer('microphone', microphones, microphone, text.sound.microphone);
    this.#offer('speaker', speakers, speaker, text.sound.speaker);
  }

  /**
   * @param {'microphone' | 'speaker'} id
   * @param {{ id: string, label: string }[]} devices
   * @param {string} current
   * @param {string} name for devices without one
   */
  #offer(id, devices, current, name) {
    const select = this.#element(id, HTMLSelectElement);
    this.#element(`${id}-row`).hidden = devices.length < 2;
    if (this.#isNew(id, [devices, name])) {
      select.replaceChildren(...devices.map((device, index) => {
        const option = this.page.createElement('option');
        option.value = device.id;
        option.textContent = device.label === '' ? `${name} ${index + 1}` : device.label;
        return option;
      }));
    }
    if (devices.some((device) => device.id === current)) select.value = current;
  }

  /**
   * @param {import('./screens.js').Model} model
   * @param {import('./screens.js').Screen} screen
   * @param {import('./text/fr.js').Text} text
   */
  #showChat({ call }, { hasChat }, { chat }) {
    const panel = this.#element('chat', HTMLDetailsElement);
    panel.hidden = !hasChat;
    if (call === null) this.#element('message', HTMLInputElement).value = '';
    const messages = call?.messages ?? [];
    if (!this.#isNew('messages', [messages, chat.mine])) return;
    const list = this.#element('messages');
    list.replaceChildren(...messages.map(({ mine, text, isSent }) => {
      const item = this.#make('li', '', mine ? 'mine' : 'theirs');
      const body = this.#make('p', text);
      body.dir = 'auto';
      item.append(this.#make('small', `${mine ? chat.mine : chat.theirs}${isSent ? '' : ` · ${chat.pending}`}`), body);
      return item;
    }));
    const received = messages.filter(({ mine }) => !mine);
    const [newest] = received.slice(-1);
    if (received.length > this.received && newest !== undefined) {
      panel.open = true;
      this.#announce(`${chat.theirs}: ${newest.text}`);
    }
    this.received = received.length;
    list.scrollTop = list.scrollHeight;
  }

  /**
   * @param {readonly (readonly string[])[]} topics title and text each
   * @param {string} title
   */
  #openSheet(topics, title) {
    this.#element('sheet-title').textContent = title;
    this.#element('topics').replaceChildren(
      ...topics.flatMap(([heading, body]) => [this.#make('h3', heading), this.#make('p', body)]),
    );
    const sheet = /** @type {HTMLDialogElement} */ (this.#element('sheet'));
    sheet.showModal?.();
    sheet.scrollTop = 0;
  }

  #listen() {
    const { act, choose, write } = this.handlers;
    this.#element('play-sound').addEventListener('click', () => act('play-sound'));
    for (const kind of /** @type {const} */ (['microphone', 'speaker'])) {
      const select = this.#element(kind, HTMLSelectElement);
      select.addEventListener('change', () => choose(kind, select.value));
    }
    const volume = this.#element('volume', HTMLInputElement);
    volume.addEventListener('input', () => (this.audio.volume = Number(volume.value) / 100));
    // Where only the buttons of the device count, setting it changes nothing.
    this.audio.volume = 0.5;
    this.#element('volume-row').hidden = this.audio.volume !== 0.5;
    this.audio.volume = 1;
    const message = this.#element('message', HTMLInputElement);
    const letters = this.#element('letters', HTMLInputElement);
    message.addEventListener('input', () => {
      if (letters.checked) write(message.value, false);
    });
    const send = () => {
      write(message.value, true);
      message.value = '';
      message.focus();
    };
    this.#element('send').addEventListener('click', send);
    message.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) send();
    });
    this.#element('help').addEventListener('click', () => {
      if (this.text === null) return;
      const { help, sound } = this.text;
      this.#openSheet([...help.topics, [sound.deaf, sound.advice.join(' ')], help.urgent], help.title);
    });
    this.#element('legal').addEventListener('click', () => {
      if (this.text !== null) this.#openSheet(this.text.legal.topics, this.text.legal.title);
    });
    this.#element('close').addEventListener('click', () => /** @type {HTMLDialogElement} */ (this.#element('sheet')).close());
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
  #element(id, kind) {
    const element = this.page.getElementById(id);
    if (element === null || (kind !== undefined && !(element instanceof kind))) throw new Error(`no element ${id}`);
    return /** @type {Kind} */ (element);
  }
}
