// Connections of this process, led to servers that stand for a run's listener.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';

import { steer } from '../src/steered.js';

describe('steered connections', () => {
  let server;
  let here;
  let undo;

  before(async () => {
    server = createServer((request, response) => response.end(request.headers.host)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    here = `127.0.0.1:${server.address().port}`;
    undo = steer({ http: here, smtp: here }, ['elsewhere.invalid:5432']);
  });
  after(() => {
    undo();
    server.close();
    server.closeAllConnections();
  });

  test('fetch arrives, and says where it wanted to go', async () => {
    assert.equal(await (await fetch('http://partner.example/v1')).text(), 'partner.example');
  });

  test('so does http.get', async () => {
    const [answer] = await once(get('http://partner.example/v1', { agent: false }), 'response');
    assert.equal((await answer.setEncoding('utf8').toArray()).join(''), 'partner.example');
  });

  test('so does a raw connection to a mail port, by host and port', async () => {
    const socket = net.connect(587, 'mail.partner.example');
    await once(socket, 'connect');
    assert.equal(socket.remotePort, server.address().port);
    socket.destroy();
  });

  test('what is here stays here', async () => {
    assert.equal(await (await fetch(`http://${here}/`)).text(), here);
  });

  test('a port that leads nowhere is stopped, and says what to do', async () => {
    const [trouble] = await once(net.connect({ host: 'db.example', port: 5432 }), 'error');
    assert.equal(trouble.code, 'ECONNREFUSED');
    assert.match(trouble.message, /connection to db.example:5432 was stopped; .* named in services/);
  });

  test('an entrance that the listener does not have is no way out', async () => {
    const [trouble] = await once(net.connect({ host: '192.0.2.1', port: 443 }), 'error');
    assert.match(trouble.message, /192.0.2.1:443 was stopped/);
  });

  test('a service is dialled as ever', async () => {
    const [trouble] = await once(net.connect({ host: 'elsewhere.invalid', port: 5432 }), 'error');
    assert.match(trouble.code, /ENOTFOUND|EAI_AGAIN/);
  });
});
