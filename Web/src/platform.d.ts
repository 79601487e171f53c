// What browsers have and TypeScript's own description of them does not, and what the bundler puts in.

/** The text of the padding worker, bundled. */
declare const PADDING_WORKER: string;

/** Names and order of every language's sentences, from Web/src/text; only in the bundle, see `learn` in src/text.js. */
declare const SENTENCE_NAMES: object;
/** Absent where the modules run as they are. */
declare const IS_BUNDLED: true | undefined;

declare class RTCRtpScriptTransform {
  constructor(worker: Worker, options?: unknown);
}

interface RTCRtpSender {
  transform?: RTCRtpScriptTransform | null;
}

interface TrustedScriptURL {
  toString(): string;
}

interface TrustedTypePolicy {
  createScriptURL(url: string): TrustedScriptURL;
}

interface Window {
  /** Called by the document once the sentences have come. */
  start: () => void;
  /**
   * What was asked for by a press before the large script had come, and what a press does that comes after it; absent
   * where src/early.js did nothing.
   */
  early?: { microphone: Promise<MediaStream> | null, onPress: () => void };
  readonly trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedTypePolicy;
  };
}

interface HTMLMediaElement {
  setSinkId(id: string): Promise<void>;
}

interface Navigator {
  readonly connection?: EventTarget;
  readonly userActivation?: { readonly hasBeenActive: boolean };
}
