// Trusted: this process trusts Soundstage's certificates too. Node reads NODE_EXTRA_CA_CERTS only when it starts, which
// is before a test's run is open.
import { readFileSync } from 'node:fs';
import tls from 'node:tls';

/** Trust what is in a PEM file, wherever a client names no certificates of its own. Returns what undoes it. */
export function trust(file) {
  const pem = readFileSync(file, 'utf8');
  const before = tls.createSecureContext;
  tls.createSecureContext = (options) => {
    const made = before(options);
    if (!options?.ca) made.context.addCACert(pem);
    return made;
  };
  return () => {
    tls.createSecureContext = before;
  };
}
