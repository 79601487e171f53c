// Runs in a page before its own scripts: remembers every RTCPeerConnection it makes and, when asked, writes down
// what the remote tracks play. The page under test is served and runs unchanged.
(() => {
  if (globalThis.__ear) return;
  const Connection = globalThis.RTCPeerConnection;
  if (!Connection) return;
  const ear = {
    connections: [], violations: [], chunks: [], states: [], rate: 0, context: null, sink: null, taps: new Set(),
  };
  Object.defineProperty(globalThis, '__ear', { value: ear });

  // Every state of the page with the millisecond that it began.
  new MutationObserver(() => {
    const state = document.documentElement?.dataset.state;
    if (state && state !== ear.states.at(-1)?.[0]) ear.states.push([state, performance.now()]);
  }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-state'] });

  document.addEventListener('securitypolicyviolation', (event) => {
    ear.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
  });

  globalThis.RTCPeerConnection = new Proxy(Connection, {
    construct(target, given, newTarget) {
      const connection = Reflect.construct(target, given, newTarget);
      ear.connections.push(connection);
      connection.addEventListener('track', (event) => ear.listenTo(event.track));
      return connection;
    },
  });

  ear.listenTo = (track) => {
    if (!ear.context || track.kind !== 'audio' || ear.taps.has(track.id)) return;
    ear.taps.add(track.id);
    ear.context.createMediaStreamSource(new MediaStream([track])).connect(ear.sink);
  };

  ear.open = async () => {
    if (!ear.context) {
      ear.context = new AudioContext({ sampleRate: 48000 });
      ear.rate = ear.context.sampleRate;
      ear.sink = ear.context.createScriptProcessor(16384, 1, 1);
      ear.sink.onaudioprocess = (event) => {
        const samples = event.inputBuffer.getChannelData(0);
        const words = new Int16Array(samples.length);
        for (let i = 0; i < samples.length; i += 1) {
          words[i] = Math.max(-1, Math.min(1, samples[i])) * 32767;
        }
        ear.chunks.push(words);
      };
      ear.sink.connect(ear.context.destination);
    }
    await ear.context.resume();
    for (const connection of ear.connections) {
      for (const receiver of connection.getReceivers()) ear.listenTo(receiver.track);
    }
    return ear.context.state;
  };

  // Turns off what the browser does to the sound of the microphones that are being sent.
  ear.unprocessed = async () => {
    for (const connection of ear.connections) {
      for (const { track } of connection.getSenders()) {
        await track?.applyConstraints({ echoCancellation: false, noiseSuppression: false, autoGainControl: false });
      }
    }
  };

  // Everything heard since the last call, as base64 of 16-bit little-endian samples.
  ear.take = () => {
    const chunks = ear.chunks.splice(0);
    let text = '';
    for (const chunk of chunks) {
      const octets = new Uint8Array(chunk.buffer);
      for (let i = 0; i < octets.length; i += 8192) text += String.fromCharCode(...octets.subarray(i, i + 8192));
    }
    return { rate: ear.rate, samples: btoa(text) };
  };

  // The statistics of the connection that lives, one object per report.
  ear.statistics = async () => {
    const connection = ear.connections.findLast((one) => one.connectionState !== 'closed');
    if (!connection) return [];
    return [...(await connection.getStats()).values()].map((report) => ({ ...report }));
  };
})();
