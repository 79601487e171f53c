// @ts-check

/**
 * What a browser's own description tells. It decides no more than which advice is given.
 *
 * @typedef {'ios' | 'android' | 'firefox' | 'safari' | 'other'} Kind where the permission for the microphone is found
 */

/**
 * @param {string} agent `navigator.userAgent`
 * @param {number} [touchPoints] an iPad calls itself a Macintosh
 * @returns {Kind}
 */
export function kindOf(agent, touchPoints = 0) {
  if (/iPhone|iPad|iPod/.test(agent) || (/Macintosh/.test(agent) && touchPoints > 1)) return 'ios';
  if (/Android/.test(agent)) return 'android';
  if (/Firefox\//.test(agent)) return 'firefox';
  // Others say Safari too, but not which version of it.
  return /Version\/\S+ Safari\//.test(agent) ? 'safari' : 'other';
}

/**
 * Whether an application other than a browser shows this page: mail, messages, social networks.
 * @param {string} agent
 */
export function isInApplication(agent) {
  if (/FBA[NV]|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|Twitter|TikTok|BytedanceWebview|GSA\/|LinkedInApp|Teams\//.test(agent)) {
    return true;
  }
  if (/Android/.test(agent)) return /; wv\)/.test(agent);
  // Every browser of an iPhone says Safari; a view inside an application does not.
  return /iPhone|iPad|iPod/.test(agent) && !/Safari\//.test(agent);
}
