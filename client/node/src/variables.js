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
  'NIX_SSL_CERT_FILE',
  'HTTPLIB2_CA_CERTS',
  'CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE',
  'CARGO_HTTP_CAINFO',
  'npm_config_cafile',
  'TWILIO_CA_BUNDLE',
  'DENO_CERT',
  'PERL_LWP_SSL_CA_FILE',
  'HEX_CACERTS_PATH',
  'SYSTEM_WGETRC',
];
/** Variables that hold several things, and what stands between what was set before and ours; the last one wins. */
const LISTS = { JAVA_TOOL_OPTIONS: ' ', PHP_INI_SCAN_DIR: '' };

/** What was changed in an environment, to be undone. */
export class Variables {
  #environ;
  #before = new Map();

  constructor(environ = process.env) {
    this.#environ = environ;
  }

  /** Returns what they are now. */
  put(variables) {
    const put = {};
    for (const [name, value] of Object.entries(variables)) {
      if (!this.#before.has(name)) this.#before.set(name, this.#environ[name]);
      const before = this.#before.get(name);
      put[name] = before && name in LISTS ? before + LISTS[name] + value : value;
      this.#environ[name] = put[name];
    }
    return put;
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

/** The variables that make sense on this machine, and the names of those whose file is not there. */
export function usable(variables) {
  const absent = FILES.filter((name) => name in variables && !existsSync(variables[name]));
  return [Object.fromEntries(Object.entries(variables).filter(([name]) => !absent.includes(name))), absent];
}
