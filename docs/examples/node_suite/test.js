// The suite's own `test`: Soundstage's fixtures, and a shop for each worker, started with the variables of its run.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { test as base } from '@playwright/test';
import { fixtures } from 'soundstage-client/playwright';

export { expect } from '@playwright/test';

export const test = base.extend({
  ...fixtures,

  shop: [
    async ({ soundstageRun }, use) => {
      const env = { ...process.env, ...soundstageRun.nodeVariables() };
      const shop = spawn(process.execPath, ['server.js'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
      for await (const address of createInterface(shop.stdout)) {
        await use(address);
        break;
      }
      shop.kill();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ shop }, use) => use(shop),
});
