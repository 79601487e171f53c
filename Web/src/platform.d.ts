// What browsers have and TypeScript's own description of them does not, and what the bundler puts in.

/** The text of the padding worker, bundled. */
declare const PADDING_WORKER: string;
/** 256 words a language, from Web/words, folded as src/words.js says; a language whose list is missing is absent. */
declare const WORD_LISTS: Readonly<Record<string, string>>;

/** Every language's sentences, from Web/src/text; only in the bundle, see `unpack` in src/text.js. */
declare const PACKED_TEXTS: { names: object, sentences: Readonly<Record<string, string>> };
/** What the first screen says, from the same files: six sentences of each language, for src/early.js. */
declare const EARLY_TEXTS: Readonly<Record<'fr' | 'nl' | 'de' | 'en', string>>;
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
  /** What was pressed before the large script had come; absent where src/early.js did nothing. */
  early?: { microphone: Promise<MediaStream> | null };
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
