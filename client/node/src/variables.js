// Variables: the run's, put into this process's environment before the application is loaded, and taken out again.
import { existsSync } from 'node:fs';

/** Variables that name a file of the gateway's data directory. */
const FILES = [
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'AWS_CA_BUNDLE',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
  'GIT_SSL_CAINFO',
  'PIP_CERT',
  'NODE_EXTRA_CA_CERTS',
];

/** What was changed in an environment, to be undone. */
export class Variables {
  #environ;
  #before = new Map();

  constructor(environ = process.env) {
    this.#environ = environ;
  }

  put(variables) {
    for (const [name, value] of Object.entries(variables)) {
      if (!this.#before.has(name)) this.#before.set(name, this.#environ[name]);
      this.#environ[name] = value;
    }
  }

  /** As it was before the first `put`, for each variable that was put. */
  restore() {
    for (const [name, value] of this.#before) {
      if (value === undefined) delete this.#environ[name];
      else this.#environ[name] = value;
    }
    this.#before.clear();
  }
}

/** The variables that make sense on this machine: without those whose file is not there. */
export function usable(variables) {
  const absent = (name) => FILES.includes(name) && !existsSync(variables[name]);
  return Object.fromEntries(Object.entries(variables).filter(([name]) => !absent(name)));
}
