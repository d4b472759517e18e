// A small shop as many are: pages, mail, cards, a partner's webhook. It knows nothing of Soundstage.
// Its clients are made once, when it starts. Prints its address when it is ready.
import { randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:http';

import nodemailer from 'nodemailer';
import Stripe from 'stripe';

const { SMTP_HOST, SMTP_PORT, SMTP_USERNAME, SMTP_PASSWORD, STRIPE_KEY = 'sk_test_shop' } = process.env;
const cards = new Stripe(STRIPE_KEY, { maxNetworkRetries: 0 });
const post = nodemailer.createTransport({
  pool: true,
  host: SMTP_HOST,
  port: Number(SMTP_PORT),
  auth: SMTP_USERNAME ? { user: SMTP_USERNAME, pass: SMTP_PASSWORD } : undefined,
});
/** Who has not confirmed yet, by the token of their link; one-time codes by address. */
const waiting = new Map();
const codes = new Map();

const pages = {
  async 'POST /signup'({ email }) {
    const token = randomBytes(9).toString('base64url');
    waiting.set(token, email);
    await mail(email, 'Welcome to the shop', `Please confirm: https://shop.example/confirm/${token}\n`);
    return { signedUp: email };
  },

  async 'GET /confirm/'(_, token) {
    const email = waiting.get(token);
    waiting.delete(token);
    return email ? `<h1>Welcome, ${email}</h1>` : undefined;
  },

  async 'POST /code'({ email }) {
    codes.set(email, String(randomInt(100_000, 1_000_000)));
    await mail(email, 'Your code', `Your code is ${codes.get(email)}\n`);
    return { sent: true };
  },

  async 'POST /login'({ email, code }) {
    return { welcome: code !== undefined && codes.get(email) === code };
  },

  async 'POST /orders'({ email, amount }) {
    const order = randomBytes(4).toString('hex');
    const charge = { amount, currency: 'eur', description: `Order ${order}` };
    await cards.paymentIntents.create(charge, { idempotencyKey: order });
    await cards.paymentIntents.create(charge, { idempotencyKey: order }); // as after an answer that got lost
    const told = await fetch('https://hooks.partner.example/v1/orders', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ order, status: 'paid' }),
    });
    if (!told.ok) throw new Error(`the partner answered ${told.status}`);
    await mail(email, `Order ${order}`, 'Thank you.\n', [{ filename: 'invoice.pdf', content: 'INVOICE' }]);
    return { order };
  },
};

function mail(to, subject, text, attachments = []) {
  return post.sendMail({ from: 'Shop <shop@shop.example>', to, subject, text, attachments });
}

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
