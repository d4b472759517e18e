import { defineConfig } from '@playwright/test';

export default defineConfig({
  testMatch: '*.spec.js',
  outputDir: process.env.PLAYWRIGHT_OUTPUT ?? 'test-results',
  reporter: 'list',
  use: {
    soundstageOptions: { quiet: 0.1 },
    // CHROMIUM names a browser that is installed already; else `npx playwright install chromium` brings one.
    launchOptions: { executablePath: process.env.CHROMIUM || undefined },
  },
});
