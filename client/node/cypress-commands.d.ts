export {};

declare global {
  namespace Cypress {
    interface Chainable<Subject> {
      /** `email.waitFor`, `payments.one`, ... with a match; or `assertNothingElse`, `assertNothingLeft`, `settle`. */
      soundstage(what: string, match?: Record<string, unknown>): Chainable<any>;
    }
  }
}
