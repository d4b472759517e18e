// Mockttp as an intercepting proxy that answers every request with a constant: what is compared against.
import fs from 'node:fs';
import * as mockttp from 'mockttp';

const [keyPath, certPath] = process.argv.slice(2);
const server = mockttp.getLocal({ https: { keyPath, certPath }, http2: false });
await server.start();
await server.forAnyRequest().always().thenReply(200, '{}', { 'content-type': 'application/json' });
fs.writeSync(1, `${server.port}\n`);
