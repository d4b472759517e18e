// What a session does not let pass, as pytest's does not: late arrivals, missing evidence, slips of the pen.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';

import { Match } from '../src/match.js';
import { RunSession } from '../src/run_session.js';
import { mail, Stage } from './stage.js';

/** A session in a run that somebody else opened, with one window in which a test does `work`. */
async function session(work, { options = {}, ...more } = {}) {
  await Stage.with(async (stage) => {
    Object.assign(stage, more, { run: { ...stage.run, ...more.run } });
    const open = await joined(stage, options);
    await open.begin();
    const window = await open.openWindow('the test');
    await work({ stage, window, open });
  });
}

/** A session by the environment alone: its run is another's, so that no canaries are sent. */
async function joined(stage, options) {
  const before = { ...process.env };
  Object.assign(process.env, { SOUNDSTAGE_URL: stage.url, SOUNDSTAGE_TOKEN: 'token', SOUNDSTAGE_RUN: 'r' });
  try {
    return await RunSession.open('suite', options);
  } finally {
    for (const name of ['SOUNDSTAGE_URL', 'SOUNDSTAGE_TOKEN', 'SOUNDSTAGE_RUN']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}

const late = [
  ['none', (window) => window.email.none(), true],
  ['none of that', (window) => window.email.none({ to: 'ann@*' }), true],
  ['a count by its text', (window) => window.email.count({ text: 'hello' }), true],
  ['all of them', (window) => window.everything.all(), true],
  ['nothing else', (window) => window.assertNothingElse(), true],
  ['none of another', (window) => window.email.none({ to: 'bob@*' }), false],
  ['none of another channel', (window) => window.sms.none(), false],
  ['nothing left', (window) => window.assertNothingLeft(), false],
  ['nothing was said', (window) => window.settle(), false],
];

for (const [name, said, isWrong] of late) {
  test(`what arrives while the window comes to rest, after ${name}`, () =>
    session(async ({ stage, window, open }) => {
      await said(window);
      stage.late = mail('c9', 'ann@example.test', 'Welcome', { text: 'hello' });
      const message = /1 arrived in the test after it was said that there is no such thing, or no more.*Welcome/s;
      if (isWrong) await assert.rejects(open.closeWindow(window), { name: 'NotAsExpected', message });
      else await open.closeWindow(window);
    }));
}

test('what was real and came late, after nothing left', () =>
  session(async ({ stage, window, open }) => {
    await window.assertNothingLeft();
    stage.late = mail('c9', 'ann@example.test', 'Welcome', { left: true });
    await assert.rejects(open.closeWindow(window), { name: 'NotAsExpected', message: /which may have left/ });
  }));

test('what was real is told with what it was', () =>
  session(async ({ window }) => {
    const message = /^1 may have left for real in the test:.*email, to \['ann@example.test'\].*which may have left/s;
    await assert.rejects(window.assertNothingLeft(), { name: 'NotAsExpected', message });
  }, { captures: [mail('c1', 'ann@example.test', 'Welcome', { left: true })] }));

const told = [
  ['a gateway that was restarted', { gaps: [{ why: 'The gateway was restarted.' }] }, /The gateway was restarted/],
  ['what retention took', { gaps: [{ why: '3 captures were removed.' }] }, /3 captures were removed/],
  ['a wrong token', { counts: { wrong_token: 2 } }, /2 arrived with the name of run r and a wrong token/],
];

for (const [name, run, message] of told) {
  test(`inconclusive: ${name}`, () =>
    session(async ({ window, open }) => {
      await open.closeWindow(window);
      await assert.rejects(open.end(), { name: 'Inconclusive', message });
    }, { run }));
}

test('inconclusive: a gap that came after the last look', () =>
  Stage.with(async (stage) => {
    stage.atFinish = { gaps: [{ why: 'A request was still unfinished.' }], verdict: 'inconclusive' };
    const open = await RunSession.open('suite', { url: stage.url, token: 'token' });
    assert.ok(open.isOwn);
    await assert.rejects(open.end({}), { name: 'Inconclusive', message: /A request was still unfinished/ });
  }));

test('a gateway that is gone is neither silence nor a failure of the application', () =>
  session(async ({ stage, window, open }) => {
    stage.isGone = true;
    await assert.rejects(window.email.none(), { name: 'Unanswered', message: /The gateway does not answer/ });
    await assert.rejects(open.closeWindow(window), { name: 'Unanswered' });
    await assert.rejects(open.end(), { name: 'Inconclusive', message: /The gateway does not answer/ });
  }));

test('what arrives outside every window fails, and where it may, is told', async () => {
  const captures = [];
  const stray = () => mail('c9', 'ann@example.test', 'Stray', { window: undefined });
  const message = /1 arrived outside any test's window, after the test and before the end:.*'Stray'/s;
  await session(async ({ stage, window, open }) => {
    await open.closeWindow(window);
    stage.captures.push(stray());
    await assert.rejects(open.end(), { name: 'NotAsExpected', message });
  }, { captures });
  await session(async ({ stage, window, open }) => {
    await open.closeWindow(window);
    stage.captures.push(stray());
    const warned = once(process, 'warning', { signal: AbortSignal.timeout(60_000) });
    await open.end();
    assert.match((await warned)[0].message, message);
  }, { captures: [], options: { strays: 'warn' } });
});

test('a test that must not have side effects fails for one', () =>
  session(async ({ window, open }) => {
    const message = /^the test must not have side effects, and had 1:.*'Welcome'/s;
    await assert.rejects(open.closeWindow(window), { name: 'NotAsExpected', message });
  }, { captures: [mail('c1', 'ann@example.test', 'Welcome')], options: { forbid: true } }));

test('a test that must not have side effects may read', () =>
  session(({ window, open }) => open.closeWindow(window), {
    captures: [mail('c1', 'ann@example.test', 'Welcome', { channel: 'web', intent: 'read' })],
    options: { forbid: true },
  }));

const slips = [
  ['a misspelt option', { quite: 0.1 }, /there is no option quite; there are url, token/],
  ['another word', { strays: 'warning' }, /the option strays: "warning" is not fail or warn/],
  ['no number', { quiet: '0.1' }, /the option quiet: "0.1" is not a number of seconds/],
  ['a negative number', { atMost: -1 }, /the option atMost: -1 is not a number of seconds/],
  ['not a truth', { forbid: 'no' }, /the option forbid: "no" is not true or false/],
];

for (const [name, options, message] of slips) {
  test(`refused: ${name}`, () =>
    assert.rejects(RunSession.open('suite', options), { name: 'TypeError', message }));
}

test('the closest is told first', () =>
  session(async ({ window }) => {
    const message = /the closest first:\n {2}email, to \['ann@example.test'\], subject 'Welcome back'/;
    await assert.rejects(window.email.one({ subject: 'Welcome', timeout: 0 }), { message });
  }, { captures: [mail('c1', 'bo@example.test', 'Invoice'), mail('c2', 'ann@example.test', 'Welcome back')] }));

test('a captured text says nothing to a terminal, nor to a CI', () =>
  session(async ({ window }) => {
    await assert.rejects(window.email.none(), ({ message }) => {
      assert.match(message, /subject 'a\\u\{a\}::error::b \\u\{1b\}\[31m #\\x23vso\[x\]'/);
      return true;
    });
  }, { captures: [mail('c1', 'bo@example.test', 'a\n::error::b \u001b[31m ##vso[x]')] }));

for (const wrong of [{ verdict: 'captured' }, { intent: /^writes/ }, { channel: 'mail' }, { left: 'yes' }]) {
  test(`refused: ${Object.keys(wrong)} that no capture can have`, () => {
    assert.throws(() => new Match(wrong), { name: 'TypeError', message: /is nothing that a capture can have; it is one of/ });
  });
}

test('what a capture can have is asked in any way', () => {
  assert.equal(new Match({ verdict: /capture|deny/, left: false, channel: 'email' }).fits(mail('c', 'a', 'b')), true);
});
