// The shop's side effects in Jest, which loads the shop into the process of its tests.
/* global soundstage, test, expect */
import { confirmed, isCode, order, sendCode, signUp } from './shop.js';

test('signing up sends a mail whose link confirms', async () => {
  await signUp('ann@example.test');
  const mail = await soundstage.email.waitFor({ to: 'ann@example.test', subject: /Welcome/ });
  expect(confirmed(mail.link('/confirm/').split('/').at(-1))).toBe('ann@example.test');
  await soundstage.assertNothingElse();
  await soundstage.assertNothingLeft();
});

test('signing in takes the code of the mail', async () => {
  await sendCode('ann@example.test');
  const mail = await soundstage.email.one({ subject: 'Your code' });
  expect(isCode('ann@example.test', mail.code())).toBe(true);
  await soundstage.assertNothingElse();
});

test('an order is charged once, told and confirmed', async () => {
  const number = await order('bo@example.test', 4200);
  const charge = await soundstage.payments.one({ provider: 'stripe', amount: 4200 });
  expect(charge.facts).toMatchObject({ currency: 'eur', idempotency_key: number });
  await soundstage.webhooks.one({ host: 'hooks.partner.example', json: { '$.order': number } });
  const mail = await soundstage.email.waitFor({ to: 'bo@example.test', attachment: 'invoice.pdf' });
  expect((await mail.attachments[0].content()).toString()).toBe('INVOICE');
  await soundstage.sms.none();
  await soundstage.assertNothingElse();
});

test.skip('what is not tried has no window', async () => {
  await order('dee@example.test', 1);
});

test('what nobody looked at is not nothing', async () => {
  await signUp('cho@example.test');
  await expect(soundstage.assertNothingElse()).rejects.toThrow('cho@example.test');
});
