// A Soundstage started for a session, by SOUNDSTAGE_COMMAND.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';

import { Soundstage, startSoundstage, Unanswered } from '../index.js';

const skip = process.env.SOUNDSTAGE_COMMAND ? false : 'SOUNDSTAGE_COMMAND names nothing to start';

test('it is started, answers, and leaves nothing', { skip }, async () => {
  const own = await startSoundstage();
  const { url, dataDir } = own;
  try {
    const { token } = own;
    const soundstage = await Soundstage.connect({ url, token });
    assert.equal(await soundstage.run('own', (run) => run.everything.count()), 0);
  } finally {
    await own.stop();
  }
  assert.equal(existsSync(dataDir), false);
  await assert.rejects(Soundstage.connect({ url, token: 'x' }), Unanswered);
});

test('what cannot be started is said', async () => {
  await assert.rejects(startSoundstage({ command: ['/nonexistent/soundstage'] }), /cannot be started \(ENOENT\)/);
});

test('what ends at once is quoted', async () => {
  const command = [process.execPath, '-e', 'console.error("no room"); process.exit(1)'];
  await assert.rejects(startSoundstage({ command }), (trouble) => {
    assert.match(trouble.message, /ended: no room/);
    return true;
  });
});
