// @ts-check
import { de } from './text/de.js';
import { en } from './text/en.js';
import { fr } from './text/fr.js';
import { nl } from './text/nl.js';

/** Languages the page speaks, the preferred one first. Another language is one more file and one more entry. */
export const texts = { fr, nl, de, en };

/** @typedef {keyof typeof texts} Locale */

/**
 * @param {readonly string[]} preferred BCP 47 tags, as browsers list them
 * @returns {Locale}
 */
export function chooseLocale(preferred) {
  const known = preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in texts);
  return /** @type {Locale} */ (known ?? 'fr');
}

/**
 * The octets whose hash the patient's consent names: exactly what is on the screen, a line each.
 * @param {Locale} locale
 */
export const consentText = (locale) => [texts[locale].admitted.title, ...texts[locale].admitted.consent].join('\n');
