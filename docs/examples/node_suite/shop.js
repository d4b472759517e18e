// What a small shop does: mail, cards, a partner's webhook. It knows nothing of Soundstage.
// Its clients are made once, when it is loaded. server.js shows it to a browser.
import { randomBytes, randomInt } from 'node:crypto';

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

export async function signUp(email) {
  const token = randomBytes(9).toString('base64url');
  waiting.set(token, email);
  await mail(email, 'Welcome to the shop', `Please confirm: https://shop.example/confirm/${token}\n`);
}

/** Whose link it was, undefined where it is nobody's or was used already. */
export function confirmed(token) {
  const email = waiting.get(token);
  waiting.delete(token);
  return email;
}

export async function sendCode(email) {
  codes.set(email, String(randomInt(100_000, 1_000_000)));
  await mail(email, 'Your code', `Your code is ${codes.get(email)}\n`);
}

export function isCode(email, code) {
  return code !== undefined && codes.get(email) === code;
}

/** Charge it, tell the partner, mail the invoice. Resolves to the order's number. */
export async function order(email, amount) {
  const number = randomBytes(4).toString('hex');
  const charge = { amount, currency: 'eur', description: `Order ${number}` };
  await cards.paymentIntents.create(charge, { idempotencyKey: number });
  await cards.paymentIntents.create(charge, { idempotencyKey: number }); // as after an answer that got lost
  const told = await fetch('https://hooks.partner.example/v1/orders', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ order: number, status: 'paid' }),
  });
  if (!told.ok) throw new Error(`the partner answered ${told.status}`);
  await mail(email, `Order ${number}`, 'Thank you.\n', [{ filename: 'invoice.pdf', content: 'INVOICE' }]);
  return number;
}

function mail(to, subject, text, attachments = []) {
  return post.sendMail({ from: 'Shop <shop@shop.example>', to, subject, text, attachments });
}
