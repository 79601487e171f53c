// @ts-check

/** Languages the page speaks, the preferred one first. */
export const locales = /** @type {const} */ (['fr', 'nl', 'de', 'en']);

/** @typedef {typeof locales[number]} Locale */

/**
 * @param {readonly string[]} preferred BCP 47 tags, as browsers list them
 * @returns {Locale}
 */
export function chooseLocale(preferred) {
  const wanted = preferred.map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.flatMap((one) => locales.find((locale) => locale === one) ?? [])[0] ?? 'fr';
}
