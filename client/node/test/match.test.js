import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Match } from '../src/match.js';

const MAIL = {
  id: 'c1',
  channel: 'email',
  intent: 'write',
  facts: { from: 'Shop@shop.test', to: ['ann@example.test', 'bob@example.test'], subject: 'Welcome' },
  target: { host: 'mail.shop.test', port: 25 },
  text: 'Your code is 123456',
  codes: ['123456'],
  links: ['https://shop.test/confirm/1'],
  attachments: [{ filename: 'terms.pdf' }],
  headers: [['X-Shop', 'blue']],
};
const ORDER = {
  id: 'c2',
  channel: 'webhook',
  facts: { recipient: 'cus_1', idempotency_key: 'k', amount: 4200 },
  target: { host: 'hooks.partner.test', method: 'POST', path: '/v1/orders' },
  body: '{"order": {"items": [{"sku": "lamp"}]}}',
};

const rows = [
  ['one of the recipients, whatever its case', { to: 'ANN@example.test' }, MAIL, true],
  ['all of these recipients', { to: ['ann@example.test', 'bob@example.test'] }, MAIL, true],
  ['sender and from are the same', { sender: 'shop@shop.test', from: /shop/i }, MAIL, true],
  ['link, code and attachment', { link: /confirm/, code: '123456', attachment: '*.pdf' }, MAIL, true],
  ['a header by any case', { headers: { 'x-shop': 'blue' } }, MAIL, true],
  ['a header that is not there', { headers: { 'x-none': '*' } }, MAIL, false],
  ['an inner value', { json: { '$.order.items[0].sku': 'lamp' } }, ORDER, true],
  ['an inner value of something else', { json: { '$.order': 1 } }, MAIL, false],
  ['any fact', { facts: { amount: 4200 } }, ORDER, true],
  ['a recipient by API', { to: 'cus_1', idempotencyKey: 'k' }, ORDER, true],
  ['where it went', { host: 'HOOKS.partner.test', method: 'post', path: '/v1/*' }, ORDER, true],
  ['a form field', { form: { amount: 4200 } }, { ...ORDER, body: 'amount=4200&a=b' }, true],
];

for (const [name, expected, capture, answer] of rows) {
  test(name, () => assert.equal(new Match(expected).fits(capture), answer));
}

const refused = [
  ['an unknown keyword', { subjct: 'x' }, /has no 'subjct' to match; did you mean subject\?/],
  ['a keyword of python', { from_: 'x' }, /did you mean from\?/],
  ['a fact by its bare name', { colour: 'x' }, /a fact of that name is facts: \{colour/],
  ['an inherited name', { constructor: 'x' }, /has no 'constructor' to match/],
  ['json that is no object', { json: 'x' }, /json: 'x' has to be an object/],
  ['a wrong path', { json: { '$[': 1 } }, /is no path/],
  ['undefined', { to: undefined }, /to is undefined; where nothing is expected, say null/],
];

for (const [name, expected, message] of refused) {
  test(`refused: ${name}`, () => assert.throws(() => new Match(expected), { name: 'TypeError', message }));
}

test('without detail, only what lists carry is judged', () => {
  const { text, links, ...listed } = MAIL;
  assert.equal(new Match({ subject: 'Welcome', text: 'nothing of it' }).perhaps(listed), true);
  assert.equal(new Match({ subject: 'Other', text: 'nothing of it' }).perhaps(listed), false);
});

test('differences name the keyword, what was expected and what was there', () => {
  const [found, ...more] = new Match({ to: 'ann@example.test', subject: 'Bye' }).differences(MAIL);
  assert.deepEqual(found, { keyword: 'subject', label: 'subject', expected: 'Bye', actual: 'Welcome' });
  assert.deepEqual(more, []);
});
