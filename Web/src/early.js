// @ts-check
import { chooseLocale } from './locale.js';
import { processing } from './sound.js';

/**
 * The first screen, from a script of its own that stands before the large one: on a slow network it can be read and
 * its button pressed while the rest is still on its way. What was pressed is found by `main.js` in `early`, and the
 * browser's question about the microphone does not wait for it either.
 */

const root = document.documentElement;
const locale = chooseLocale(navigator.languages ?? []);

/**
 * @param {string} id
 * @param {...(string | Node)} content
 */
const fill = (id, ...content) => document.getElementById(id)?.replaceChildren(...content);

/**
 * @param {string} name
 * @param {string} className
 * @param {...(string | Node)} content
 */
function make(name, className, ...content) {
  const element = document.createElement(name);
  element.className = className;
  element.append(...content);
  return element;
}

// Whether the link holds, and whether this browser can carry a call, the rest will find out.
if (/^#[\w-]{72}$/.test(location.hash) && navigator.mediaDevices !== undefined && sessionStorage.length === 0) {
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById('first'));
  const line = template.content.textContent?.split('\n').find((one) => one.startsWith(locale)) ?? '';
  const [, title = '', lead = '', one = '', other = '', hint = '', enter = ''] = line.split('|');
  /** @type {NonNullable<typeof window.early>} */
  const early = { microphone: null, onPress() {} };
  window.early = early;
  const button = /** @type {HTMLButtonElement} */ (make('button', 'primary', enter));
  button.type = 'button';
  button.dataset.action = 'enter';
  button.addEventListener('click', () => {
    button.disabled = true;
    early.microphone = navigator.mediaDevices.getUserMedia({ audio: processing });
    early.microphone.catch(() => {});
    early.onPress();
  });
  root.lang = locale;
  document.title = `${title} · Colloque`;
  fill('title', title);
  fill('text', make('p', 'lead', lead), make('ul', '', make('li', '', one), make('li', '', other)), make('p', 'quiet', hint));
  fill('actions', button);
}
