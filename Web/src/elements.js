// @ts-check

/** The elements that the document has, and those that are made for it: whatever is written is text. */

/**
 * @template {HTMLElement} Kind
 * @param {string} id
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export function element(id, kind) {
  const found = document.getElementById(id);
  if (found === null || (kind !== undefined && !(found instanceof kind))) throw new Error(`no element ${id}`);
  return /** @type {Kind} */ (found);
}

/**
 * @param {string} name
 * @param {string} [content]
 * @param {string} [className]
 */
export function make(name, content = '', className = '') {
  const made = document.createElement(name);
  made.textContent = content;
  if (className !== '') made.className = className;
  return made;
}

/**
 * Writes what is new; what stands already is not read out again.
 * @param {string} id
 * @param {string} content
 */
export function write(id, content) {
  const written = element(id);
  if (written.textContent !== content) written.textContent = content;
}

/** What each part shows, so that nothing is replaced under a reader's finger or ear. */
export class Shown {
  constructor() {
    /** @private @type {Map<string, string>} */
    this.parts = new Map();
  }

  /**
   * @param {string} part
   * @param {unknown} value
   */
  isNew(part, value) {
    const key = JSON.stringify(value);
    if (this.parts.get(part) === key) return false;
    this.parts.set(part, key);
    return true;
  }
}
