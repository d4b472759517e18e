// Soundstage in a container, started by the client for Node: what it captures, and what becomes of it.
// Needs docker, the image `soundstage`, and SOUNDSTAGE_CLIENT, the client's index.js; deploy/container/try brings all.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const client = pathToFileURL(process.env.SOUNDSTAGE_CLIENT).href;
const { Soundstage, SoundstageContainer } = await import(client);
const engine = (...words) => execFileSync('docker', words, { encoding: 'utf8' }).trim();
const say = (what) => console.log(`    ${what}`);

async function captures() {
  const container = await SoundstageContainer.start({ listeners: 1 });
  const soundstage = await Soundstage.connect(container);
  let folder;
  try {
    await soundstage.run('plain', async (run) => {
      folder = dirname(run.variables.NODE_EXTRA_CA_CERTS);
      // An application that reads no proxy variable.
      const code = "fetch('https://api.stripe.com/v1/charges', { method: 'POST', headers: { authorization: 'Bearer sk_test_x' }, " +
        "body: new URLSearchParams({ amount: '4200', currency: 'eur' }) }).then((told) => process.exit(told.ok ? 0 : 1))";
      const env = { ...process.env, ...run.nodeVariables() };
      const [exit] = await once(spawn(process.execPath, ['-e', code], { env, stdio: 'inherit' }), 'exit');
      assert.equal(exit, 0);
      assert.equal((await run.payments.one({ amount: 4200 })).left, false);
      await run.assertNothingElse();
    }, { listener: true });
    assert.equal(existsSync(`${folder}/ca.key`), false);
  } finally {
    await container.stop();
  }
  assert.equal(existsSync(folder), false);
  assert.equal(engine('ps', '--all', '--quiet'), '');
  say('a charge of a program that reads no proxy variable was captured; then nothing stays');
}

async function isRemovedAfter(signal) {
  const code = `const { SoundstageContainer } = await import('${client}');
    await SoundstageContainer.start(); console.log('started'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  assert.notEqual(engine('ps', '--quiet'), '');
  child.kill(signal);
  for (let left = 300; engine('ps', '--all', '--quiet'); left -= 1) {
    assert.ok(left > 0, 'the container outlives the process that started it');
    await pause(100);
  }
  say(`removed after ${signal}`);
}

async function isTold(why, options) {
  await assert.rejects(SoundstageContainer.start(options), (trouble) => {
    assert.match(trouble.message, why);
    say(`told: ${trouble.message.split('\n')[0]}`);
    return trouble.name === 'Unanswered';
  });
}

await captures();
await isRemovedAfter('SIGTERM');
await isRemovedAfter('SIGKILL');
await isTold(/build it in a checkout/, { image: 'no-such-image' });
await isTold(/SOUNDSTAGE_KEEP_DAYS=0/, { settings: { SOUNDSTAGE_KEEP_DAYS: '0' } });
