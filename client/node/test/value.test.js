import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

import { atPath, fits, shown } from '../src/value.js';

const rows = [
  ['a text is exact', 'Welcome', 'Welcome', true],
  ['a text is not searched', 'Welcome', 'Welcome back', false],
  ['a star stands for anything', '*@example.test', 'ann@example.test', true],
  ['stars on both sides', '*come*', 'Welcome back', true],
  ['a star does not let ends overlap', 'aba*aba', 'aba', false],
  ['pieces have to come in order', '*b*a*', 'ab', false],
  ['a dot is a dot', 'a.b', 'axb', false],
  ['case counts', 'welcome', 'Welcome', false],
  ['a pattern searches', /come/, 'Welcome', true],
  ["a pattern of another realm, as Jest's", runInNewContext('/come/'), 'Welcome', true],
  ['a pattern of a list', /bob/, ['ann@x.test', 'bob@x.test'], true],
  ['a number as a number', 4200, '4200', true],
  ['a number with places', 42, '42.00', true],
  ['nothing is not zero', 0, '', false],
  ['nothing is not zero either', 0, null, false],
  ['truth is no text', true, 'true', false],
  ['truth', true, true, true],
  ['a function is asked', (value) => value > 1, 2, true],
  ['an expected list needs all', ['a', 'b'], ['b', 'a', 'c'], true],
  ['an expected list lacks one', ['a', 'd'], ['b', 'a', 'c'], false],
  ['a captured list needs one', 'a', ['b', 'a'], true],
  ['null is nothing', null, undefined, true],
  ['null is not something', null, 'x', false],
  ['a large number', 12345678901234567890n, '12345678901234567890', true],
];

for (const [name, expected, actual, answer] of rows) {
  test(name, () => assert.equal(fits(expected, actual), answer));
}

test('a pattern with the flag g finds every time', () => {
  const pattern = /a/g;
  assert.deepEqual([fits(pattern, 'a'), fits(pattern, 'a'), fits(pattern, 'a')], [true, true, true]);
});

test('addresses ignore case where they are told to', () => {
  assert.equal(fits('ANN@Example.test', 'ann@example.TEST', true), true);
});

test('what cannot be compared is refused', () => {
  assert.throws(() => fits({ a: 1 }, 'x'), /nothing that a captured value can be compared with/);
});

test('many stars take no time', () => {
  assert.equal(fits(`${'a*'.repeat(40)}b`, 'a'.repeat(5000)), false);
});

test('a path leads through names and indexes', () => {
  const document = { items: [{ sku: 'lamp' }] };
  assert.equal(atPath('$.items[0].sku', document), 'lamp');
  assert.equal(atPath('items[1].sku', document), undefined);
  assert.equal(atPath('$.toString', document), undefined);
});

test('another path is refused', () => {
  assert.throws(() => atPath('$..sku', {}), { name: 'TypeError', message: /is no path of names and indexes/ });
});

test('values are shown as they are written', () => {
  assert.equal(shown(['a', /b/i, 3, null]), "['a', /b/i, 3, null]");
  assert.equal(shown('x'.repeat(300)).length, 203);
});
