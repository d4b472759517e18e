// In a browser: the link of the mail, opened as its reader does.
import { expect, test } from './test.js';

test('the link of the mail opens the page that welcomes', async ({ soundstage, request, baseURL, page }) => {
  await request.post('/signup', { data: { email: 'eve@example.test' } });
  const mail = await soundstage.email.waitFor({ to: 'eve@example.test' });
  await page.goto(baseURL + new URL(mail.link('/confirm/')).pathname);
  await expect(page.getByRole('heading')).toHaveText('Welcome, eve@example.test');
});
