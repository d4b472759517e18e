// For Cypress, imported by its support file: a window for each test, and cy.soundstage().
//   cy.soundstage('email.waitFor', { to: 'ann@example.test', subject: /Welcome/ }).then((mail) => cy.visit(mail.links[0]));
//   cy.soundstage('assertNothingElse');
/* global Cypress, cy, beforeEach, afterEach */

beforeEach(() => {
  cy.task('soundstage:open', Cypress.currentTest.titlePath.join(' > '), { log: false });
});

afterEach(() => {
  cy.task('soundstage:close', null, { log: false });
});

Cypress.Commands.add('soundstage', (what, match = {}) => {
  // A task has to outlast the wait that it asks for, which is in seconds.
  const timeout = ((match.timeout ?? 10) + 30) * 1000;
  return cy.task('soundstage:ask', { what, match: carried(match) }, { timeout });
});

/** Patterns as JSON can carry them. This file runs in a browser, and so imports nothing made for Node. */
function carried(value) {
  // Of the test's own frame, whose RegExp is another than this one's.
  const kind = Object.prototype.toString.call(value);
  if (kind === '[object RegExp]') return { $pattern: [value.source, value.flags] };
  if (kind === '[object Function]') throw new TypeError('a function cannot be asked from a browser; use a RegExp');
  if (kind === '[object Array]') return value.map(carried);
  if (kind !== '[object Object]') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, carried(one)]));
}
