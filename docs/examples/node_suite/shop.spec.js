// The shop's side effects, as its users see them.
import { expect, test } from './test.js';

test('signing up sends a mail whose link confirms', async ({ soundstage, request, baseURL }) => {
  await request.post('/signup', { data: { email: 'ann@example.test' } });
  const mail = await soundstage.email.waitFor({ to: 'ann@example.test', subject: /Welcome/ });
  const link = new URL(mail.link('/confirm/'));
  const confirmed = await request.get(baseURL + link.pathname);
  expect(await confirmed.text()).toContain('Welcome, ann@example.test');
  await soundstage.assertNothingElse();
  await soundstage.assertNothingLeft();
});

test('signing in takes the code of the mail', async ({ soundstage, request }) => {
  await request.post('/code', { data: { email: 'ann@example.test' } });
  const code = (await soundstage.email.one({ subject: 'Your code' })).code();
  const answer = await request.post('/login', { data: { email: 'ann@example.test', code } });
  expect(await answer.json()).toEqual({ welcome: true });
  await soundstage.assertNothingElse();
});

test('an order is charged once, told and confirmed', async ({ soundstage, request }) => {
  const answer = await request.post('/orders', { data: { email: 'bo@example.test', amount: 4200 } });
  const { order } = await answer.json();
  const charge = await soundstage.payments.one({ provider: 'stripe', amount: 4200 });
  expect(charge.facts).toMatchObject({ currency: 'eur', idempotency_key: order });
  await soundstage.webhooks.one({ host: 'hooks.partner.example', json: { '$.order': order, '$.status': 'paid' } });
  const mail = await soundstage.email.waitFor({ to: 'bo@example.test', attachment: 'invoice.pdf' });
  expect((await mail.attachments[0].content()).toString()).toBe('INVOICE');
  await soundstage.sms.none();
  await soundstage.assertNothingElse();
  await soundstage.assertNothingLeft();
});

test('what nobody looked at is not nothing', async ({ soundstage, request }) => {
  await request.post('/signup', { data: { email: 'cho@example.test' } });
  await expect(soundstage.assertNothingElse()).rejects.toThrow('cho@example.test');
  await expect(soundstage.email.one({ to: 'dee@example.test', timeout: 0.2 })).rejects.toThrow('captured instead');
});
