// A doctor's end that says what it likes, and a broker that lets it: node intruder.mjs PAGE-URL
//
// It serves the page with the octets and header fields of a real broker, seals with the real handshake, and sends
// whatever a test posts to it as JSON: a text to /waiting, null to /admit, a list of texts to /chat, which go to a page
// that was reloaded in its call.
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Doctor, openRoom } from '../../Web/support/doctor.mjs';

const random = (count) => new Uint8Array(randomBytes(count));
const now = Math.floor(Date.now() / 1000);
const room = await openRoom(random, { notBefore: now - 60, notAfter: now + 7200 });
const doctor = new Doctor(room, random);
doctor.admits = false;
// It wants no sound: all it does is write.
doctor.answers = false;
doctor.servers = { urls: null };
let number = 0;
/** Called once somebody who came back is in the call again. */
let back = () => {};
const isBack = new Promise((resolve) => (back = resolve));
const admit = doctor.admit.bind(doctor);
doctor.admit = async (connection) => {
  await admit(connection);
  if (connection.joined === 'resume') back();
};

const original = new URL(process.argv[2]);
const page = await fetch(original);
const body = Buffer.from(await page.arrayBuffer());
const server = createServer((request, response) => void answer(request, response).catch((error) => {
  response.writeHead(500).end(String(error));
}));

async function answer(request, response) {
  if (request.method === 'GET') {
    if (request.url !== '/') return response.writeHead(404).end();
    for (const [name, value] of page.headers) {
      if (/^(content-(length|encoding)|connection|date)$/.test(name)) continue;
      response.setHeader(name, value.replaceAll(original.port, String(server.address().port)));
    }
    return response.end(body);
  }
  const texts = [];
  for await (const chunk of request) texts.push(chunk);
  const said = JSON.parse(Buffer.concat(texts).toString());
  if (request.url === '/admit') await doctor.admit(doctor.connection);
  if (request.url === '/waiting') await doctor.send(doctor.connection, { type: 'waiting', message: said });
  if (request.url === '/chat') {
    await isBack;
    for (const message of said) await doctor.send(doctor.connection, { type: 'chat', id: (number += 1), message });
  }
  response.end('done\n');
}

// RFC 6455, as much as one page on this machine needs of it.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
    + `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: ${request.headers['sec-websocket-protocol']}\r\n\r\n`);
  const connection = doctor.connect((octets, isLast) => {
    if (octets !== null) {
      const size = octets.length;
      const length = size < 126 ? [size] : [126, size >> 8, size & 255];
      socket.write(Buffer.concat([Uint8Array.of(0x82, ...length), octets]));
    }
    if (isLast) socket.end();
  });
  let received = Buffer.alloc(0);
  let work = Promise.resolve();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      if (received.length < 6) return;
      const short = received[1] & 127;
      const at = short < 126 ? 2 : 4;
      const size = short < 126 ? short : received.readUInt16BE(2);
      if (received.length < at + 4 + size) return;
      const mask = received.subarray(at, at + 4);
      const octets = Uint8Array.from(received.subarray(at + 4, at + 4 + size), (octet, index) => octet ^ mask[index % 4]);
      const code = received[0] & 15;
      received = received.subarray(at + 4 + size);
      if (code === 8) return socket.end();
      if (code === 2) work = work.then(() => connection.receive(octets)).catch((error) => console.error(error));
    }
  });
});

server.listen(0, '127.0.0.1', () => console.log(`http://localhost:${server.address().port}/#${room.fragment}`));
