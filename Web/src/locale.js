// @ts-check

/**
 * @template {string} Known
 * @param {readonly string[]} preferred BCP 47 tags, as browsers list them
 * @param {Readonly<Record<Known, unknown>>} known languages by their two letters
 * @param {Known} otherwise
 * @returns {Known}
 */
export function chooseKnown(preferred, known, otherwise) {
  const found = preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in known);
  return /** @type {Known} */ (found ?? otherwise);
}
