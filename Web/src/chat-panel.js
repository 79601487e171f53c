// @ts-check
import { Shown, element, make } from './elements.js';

/** What both write, and where it is written. */
export class ChatPanel {
  /** @param {import('./view.js').Handlers['write']} write */
  constructor(write) {
    /** @private */
    this.shown = new Shown();
    /** @private How many messages of the doctor were shown. */
    this.received = 0;
    /** @private */
    this.message = element('message', HTMLInputElement);
    const { message } = this;
    const letters = element('letters', HTMLInputElement);
    message.addEventListener('input', () => {
      if (letters.checked) write(message.value, false);
    });
    const send = () => {
      write(message.value, true);
      message.value = '';
      message.focus();
    };
    element('send').addEventListener('click', send);
    message.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) send();
    });
  }

  /**
   * @param {import('./screens.js').Model['call']} call
   * @param {boolean} hasChat
   * @param {import('./text/fr.js').Text['chat']} texts
   * @returns {string} what is to be announced
   */
  show(call, hasChat, { mine, theirs, pending }) {
    const panel = element('chat', HTMLDetailsElement);
    panel.hidden = !hasChat;
    if (call === null) this.message.value = '';
    const messages = call?.messages ?? [];
    if (!this.shown.isNew('messages', [messages, mine])) return '';
    const list = element('messages');
    list.replaceChildren(...messages.map((message) => {
      const item = make('li', '', message.mine ? 'mine' : 'theirs');
      const body = make('p', message.text);
      body.dir = 'auto';
      item.append(make('small', `${message.mine ? mine : theirs}${message.isSent ? '' : ` · ${pending}`}`), body);
      return item;
    }));
    const received = messages.filter((message) => !message.mine);
    const [newest] = received.slice(-1);
    const hasCome = received.length > this.received && newest !== undefined;
    if (hasCome) panel.open = true;
    this.received = received.length;
    list.scrollTop = list.scrollHeight;
    return hasCome ? `${theirs}: ${newest.text}` : '';
  }
}
