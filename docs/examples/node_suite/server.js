// The shop over HTTP. Prints its address when it is ready.
import { createServer } from 'node:http';

import { confirmed, isCode, order, sendCode, signUp } from './shop.js';

const pages = {
  async 'POST /signup'({ email }) {
    await signUp(email);
    return { signedUp: email };
  },

  'GET /confirm/'(_, token) {
    const email = confirmed(token);
    return email ? `<h1>Welcome, ${email}</h1>` : undefined;
  },

  async 'POST /code'({ email }) {
    await sendCode(email);
    return { sent: true };
  },

  'POST /login'({ email, code }) {
    return { welcome: isCode(email, code) };
  },

  async 'POST /orders'({ email, amount }) {
    return { order: await order(email, amount) };
  },
};

async function answer(request) {
  const page = Object.keys(pages).find((one) => `${request.method} ${request.url}`.startsWith(one));
  if (page === undefined) return undefined;
  const body = (await request.setEncoding('utf8').toArray()).join('');
  return pages[page](body ? JSON.parse(body) : {}, `${request.method} ${request.url}`.slice(page.length));
}

const server = createServer(async (request, response) => {
  try {
    const told = await answer(request);
    const isPage = typeof told === 'string';
    response.writeHead(told === undefined ? 404 : 200, { 'content-type': isPage ? 'text/html' : 'application/json' });
    response.end(isPage ? told : JSON.stringify(told ?? { error: 'not found' }));
  } catch (trouble) {
    response.writeHead(500, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: trouble.message }));
  }
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
