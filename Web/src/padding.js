// @ts-check

const address = () => URL.createObjectURL(new Blob([PADDING_WORKER], { type: 'text/javascript' }));
const policy = window.trustedTypes?.createPolicy('colloque-worker', { createScriptURL: address });

/** The one script that is not in the document's own: made from text inside it. */
export function makePaddingWorker() {
  // Engines without transforms are Chromium's older ones, which obey `cbr=1`: their packets have one size anyway.
  if (!('RTCRtpScriptTransform' in window)) return null;
  return new Worker(/** @type {string} */ (policy?.createScriptURL('') ?? address()));
}
