import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['*.vitest.js'],
    setupFiles: ['./vitest.setup.js'],
    // SDKs keep their connections open; threads end with them.
    pool: 'threads',
  },
});
