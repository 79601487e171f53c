// The page's own view, showing whatever model a photographer asks for: no call, no broker.
import { View } from '../../../../Web/src/view.js';

const nothing = () => {};
let last = {};
const speak = (locale) => pose({ ...last, locale });
const view = new View(document, WORD_LISTS, { act: nothing, speak, choose: nothing, write: nothing });

const call = {
  doctorPresent: true, attached: true, seeksServer: false, awaitsDoctor: false, message: '', words: null,
  ownComparison: 'none', peerComparison: 'none', muted: false, messages: [],
};
const model = {
  state: 'ready', error: null, canRetry: false, link: null, resumes: false, browser: 'other', path: null, quality: null,
  call: null, copied: 'no', waited: 0, lasted: null, clock: null, isStopped: false, hears: null,
  devices: { microphones: [], speakers: [], microphone: '', speaker: '' },
};

globalThis.pose = (wanted) => {
  last = wanted;
  const { locale, open = [], ...change } = wanted;
  const words = { octets: Uint8Array.of(7, 99, 180, 241, 18, 52, 86, 120), locale };
  const clock = change.clock === undefined ? null : new Date(change.clock);
  view.show({ ...model, locale, ...change, clock, call: change.call ? { ...call, ...change.call, words: change.call.words ? words : null } : null });
  for (const panel of document.querySelectorAll('details')) panel.open = open.includes(panel.id) || (panel.id === '' && open.includes('deaf'));
  view.showLevel(change.hears === 'silence' ? 0 : 0.6);
};
