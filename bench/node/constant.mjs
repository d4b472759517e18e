// Mockttp as an intercepting proxy that answers every request with a constant: what is compared against.
import fs from 'node:fs';
import * as mockttp from 'mockttp';

const [keyPath, certPath] = process.argv.slice(2);
const server = mockttp.getLocal({ https: { keyPath, certPath }, http2: false });
await server.start();
// With a length: without one Mockttp ends the connection after each answer.
const headers = { 'content-type': 'application/json', 'content-length': '2' };
await server.forAnyRequest().always().thenReply(200, '{}', headers);
fs.writeSync(1, `${server.port}\n`);
