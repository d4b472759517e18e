// Against a real Soundstage, which SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN name.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { Inconclusive, NotAsExpected, Refused, Soundstage, Unanswered } from '../index.js';
import { closed } from '../src/closing.js';
import { RunSession } from '../src/run_session.js';
import { post, sendMail } from './sending.js';

const skip = process.env.SOUNDSTAGE_URL ? false : 'SOUNDSTAGE_URL names no Soundstage';
const ORDERS = 'http://hooks.partner.example/v1/orders';
/** Of a scope: soon quiet, on a machine that may be busy. */
const PATIENT = { quiet: 0.05, atMost: 60, timeout: 60 };

describe('a running Soundstage', { skip }, () => {
  let soundstage;
  let run;

  before(async () => {
    soundstage = await Soundstage.connect();
    run = await soundstage.openRun('node', { listener: true });
    Object.assign(run.scope, PATIENT);
  });
  after(async () => run.finish());

  test('a mail that is waited for comes with its link and code', async () => {
    await run.window('signing up', async (window) => {
      const waiting = window.email.waitFor({ to: 'ann@example.test', subject: /Welcome/ });
      await sendMail(run.variables, 'ann@example.test', 'Welcome', 'Code 482915, https://shop.test/confirm/abc');
      const mail = await waiting;
      assert.equal(mail.link('/confirm/'), 'https://shop.test/confirm/abc');
      assert.equal(mail.code(), '482915');
      assert.deepEqual(mail.to, ['ann@example.test']);
      assert.equal(mail.subject, 'Welcome');
      assert.equal(mail.left, false);
      assert.match((await mail.raw()).toString(), /^From: shop@shop.test/m);
      assert.throws(() => mail.link('/reset/'), { name: 'NotAsExpected', message: /there is no link that contains/ });
      await window.assertNothingElse();
      await window.assertNothingLeft();
    });
  });

  test('two waits for the same give two', async () => {
    await run.window('two codes', async (window) => {
      await sendMail(run.variables, 'ann@example.test', 'Code', '111111');
      await sendMail(run.variables, 'ann@example.test', 'Code', '222222');
      const codes = [await window.email.waitFor({ subject: 'Code' }), await window.email.waitFor({ subject: 'Code' })];
      assert.deepEqual(codes.map((mail) => mail.code()), ['111111', '222222']);
      assert.equal(await window.email.count(), 2);
      await assert.rejects(window.email.one(), { name: 'NotAsExpected', message: /there are 2, not one, email/ });
    });
  });

  test('what is inside a webhook', async () => {
    await run.window('an order', async (window) => {
      assert.equal(await post(run.variables, ORDERS, { order: { items: [{ sku: 'lamp' }] } }), 200);
      const call = await window.webhooks.one({ host: '*.partner.example', json: { '$.order.items[0].sku': 'lamp' } });
      assert.deepEqual(call.json(), { order: { items: [{ sku: 'lamp' }] } });
      assert.equal((await window.webhooks.all({ path: '/v1/orders' })).length, 1);
      await window.sms.none();
      await window.assertNothingElse();
    });
  });

  test('a failure names what was captured instead', async () => {
    await run.window('a failure', async (window) => {
      await sendMail(run.variables, 'bo@example.test', 'Welcome back', 'hello');
      const expected = { to: 'bo@example.test', subject: 'Welcome', timeout: 0.1 };
      await assert.rejects(window.email.waitFor(expected), (trouble) => {
        assert.ok(trouble instanceof NotAsExpected);
        assert.match(trouble.message, /no email with to='bo@example.test', subject='Welcome' came within 0.1 s/);
        assert.match(trouble.message, /captured instead in a failure, the closest first:/);
        assert.match(trouble.message, /subject: expected 'Welcome', was 'Welcome back'/);
        return true;
      });
      await assert.rejects(window.payments.one({ timeout: 0 }), /no payment at all was captured .*, but 1 email/s);
      await assert.rejects(window.assertNothingElse(), /1 more in a failure than the test has looked at/);
      await assert.rejects(window.email.none(), /there should be no email, and there are 1/);
    });
  });

  test('a window sees its own alone, and the run all of them', async () => {
    await run.window('quiet', (window) => window.everything.none());
    assert.ok((await run.email.count()) >= 1);
  });

  test('what comes while a window comes to rest, and was said not to be, is an error', async () => {
    const window = await run.openWindow('late');
    await window.email.none({ to: 'late@example.test' });
    // The application sends when the window's end has been asked for.
    const ask = async (method, path, options) => {
      if (options.body?.close) await sendMail(run.variables, 'late@example.test', 'Late', 'hello');
      return window.wire.ask(method, path, options);
    };
    const closing = closed({ place: window.wire.place, ask }, window.scope);
    await assert.rejects(closing, { name: 'NotAsExpected', message: /1 arrived in late after it was said .*Late/s });
  });

  test('a session of which nothing was seen proves nothing', async () => {
    const session = await RunSession.open('vacuous', PATIENT);
    await session.begin(session.run.variables);
    const window = await session.openWindow('silence');
    await window.assertNothingElse();
    await session.closeWindow(window);
    await assert.rejects(session.end(session.run.variables), { name: 'Inconclusive', message: /silence: nothing was cap/ });
  });

  test('one window at a time', async () => {
    await run.window('outer', async () => {
      await assert.rejects(run.openWindow('inner'), (trouble) => trouble instanceof Refused && trouble.status === 409);
    });
  });

  test('the run is judged by expectations', async () => {
    await soundstage.run('judged', async (judged) => {
      Object.assign(judged.scope, PATIENT);
      await sendMail(judged.variables, 'ann@example.test', 'Welcome', 'hello');
      const options = { allowUncontained: true };
      const file = (to) => `version: 1\nexpect:\n  - email: {to: ${to}}\nsettle: {quiet: 50ms, at_most: 60s}\n`;
      const good = await judged.verify(file('ann@example.test'), options);
      assert.deepEqual([good.verdict, good.reasons], ['clean', []]);
      assert.equal((await judged.verify(file('bo@example.test'), options)).verdict, 'violated');
      await assert.rejects(judged.verify('version: 1\nexpct: []\n'), Refused);
    });
  });

  test('without a run, nothing is said to be absent', async () => {
    await assert.rejects(soundstage.email.none({ to: 'nobody@example.test' }), Inconclusive);
  });

  test('a wrong token and a wrong address are told apart', async () => {
    await assert.rejects(Soundstage.connect({ token: 'wrong' }), /does not accept the token for this/);
    await assert.rejects(Soundstage.connect({ url: 'http://127.0.0.1:1', token: 'x' }), Unanswered);
  });
});
