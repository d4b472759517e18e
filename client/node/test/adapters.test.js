// The adapter of node:test, used on itself; then those of Cypress and Jest as these call them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';

import { useSoundstage as useInCypress } from '../cypress.js';
import { withSoundstage } from '../jest.js';
import { soundstage, useSoundstage } from '../node-test.js';
import { sendMail } from './sending.js';

/** Soon quiet, on a machine that may be busy. */
const PATIENT = { quiet: 0.05, atMost: 60, timeout: 60 };
const real = Boolean(process.env.SOUNDSTAGE_URL);
const skip = real ? false : 'SOUNDSTAGE_URL names no Soundstage';
// In the run of this process, SOUNDSTAGE_TOKEN opens no others.
const admin = { url: process.env.SOUNDSTAGE_URL, token: process.env.SOUNDSTAGE_TOKEN, ...PATIENT };
if (real) await useSoundstage(PATIENT);

test('a test of node:test has a window, and fetch arrives in it', { skip }, async () => {
  const answer = await fetch('https://hooks.partner.example/v1/orders', { method: 'POST', body: '{"order": 1}' });
  assert.equal(answer.status, 200);
  assert.deepEqual((await soundstage.webhooks.one({ host: 'hooks.partner.example' })).json(), { order: 1 });
  await soundstage.assertNothingElse();
});

test('what the application starts is led there too', { skip }, async () => {
  const code = "fetch('https://hooks.partner.example/child', { method: 'POST' }).then((told) => process.exit(told.ok ? 0 : 1))";
  const [exit] = await once(spawn(process.execPath, ['-e', code], { stdio: 'inherit' }), 'exit');
  assert.equal(exit, 0);
  assert.equal((await soundstage.webhooks.one()).path, '/child');
});

test('the next test sees nothing of it', { skip }, async () => {
  await soundstage.everything.none();
  assert.equal(process.env.SOUNDSTAGE_RUN, soundstage.run.id);
});

test('tasks of Cypress open a window, ask in it and close it', { skip }, async () => {
  const events = {};
  const { run } = await useInCypress((name, given) => Object.assign(events, { [name]: given }), admin);
  const task = async (name, given) => overJson(await events.task[`soundstage:${name}`](overJson(given)));
  const ask = (what, match) => task('ask', { what, match });
  assert.equal(await task('open', 'signing up'), null);
  await sendMail(run.variables, 'ann@example.test', 'Welcome', 'See https://shop.test/confirm/1, code 482915');
  const mail = await ask('email.waitFor', { to: 'ann@example.test', subject: { $pattern: ['welcome', 'i'] } });
  assert.deepEqual([mail.subject, mail.links, mail.codes], ['Welcome', ['https://shop.test/confirm/1'], ['482915']]);
  assert.equal(await ask('email.count', {}), 1);
  assert.equal(await ask('assertNothingElse'), null);
  await assert.rejects(ask('email.forget', {}), /'email.forget' is nothing to ask Soundstage/);
  assert.equal(await task('close', null), null);
  await events['after:run']();
  assert.equal((await run.told()).open, false);
});

test('an environment of Jest has a run, a window for each test, and an end', { skip }, async () => {
  const Environment = withSoundstage(Plain, admin);
  const environment = new Environment({}, { testPath: '/tests/shop.test.js' });
  await environment.setup();
  const { env } = environment.global.process;
  await environment.handleTestEvent({ name: 'test_start', test: { name: 'is skipped', errors: [] } }, {});
  const running = { name: 'signs up', errors: [], parent: { name: 'ROOT_DESCRIBE_BLOCK' } };
  await environment.handleTestEvent({ name: 'test_started', test: running }, {});
  await sendMail(env, 'ann@example.test', 'Welcome', 'hello');
  assert.equal((await environment.global.soundstage.email.one()).subject, 'Welcome');
  await environment.handleTestEvent({ name: 'test_done', test: running }, {});
  assert.deepEqual(running.errors, []);
  await sendMail(env, 'ann@example.test', 'Too late', 'hello');
  const state = { unhandledErrors: [] };
  await environment.handleTestEvent({ name: 'run_finish' }, state);
  const [trouble, ...more] = state.unhandledErrors;
  assert.match(trouble.message, /1 arrived outside any test's window, after signs up and before the end/);
  assert.match(trouble.message, /subject 'Too late'/);
  assert.deepEqual(more, []);
  await environment.teardown();
});

/** What an environment of Jest's own is to one that extends it. */
class Plain {
  constructor() {
    this.global = { process: { env: { ...process.env } } };
  }

  async setup() {}

  async teardown() {}
}

/** As Cypress carries what a task is given and what it answers. */
function overJson(value) {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
