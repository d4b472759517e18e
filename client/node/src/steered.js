// Steered: in this process, connections to anywhere but this machine are led to the listener of a run, by their port.
// Node before 24 reads no proxy variable, and many clients never do; without this they would go straight out.
// What it does not reach: other processes, native code, and UDP. `soundstage run` holds those as well.
import net from 'node:net';

/** Where a port leads. */
const PORTS = { 80: 'http', 443: 'https', 25: 'smtp', 587: 'smtp', 2525: 'smtp', 465: 'smtps' };

/**
 * `listener` is a run's own: entrances and their `host:port`. Connections to `services`, each `host:port` or a host
 * alone, are made as ever. Returns what undoes it.
 */
export function steer(listener, services = []) {
  const before = net.Socket.prototype.connect;
  const open = new Set([...Object.values(listener), ...services].map((one) => one.toLowerCase()));
  net.Socket.prototype.connect = function connect(...args) {
    const asked = target(args);
    if (asked === undefined || isHere(asked.host) || isOpen(open, asked)) return before.apply(this, args);
    const entrance = listener[PORTS[asked.port]];
    if (entrance === undefined) return stopped(this, asked);
    const { lookup, localAddress, localPort, family, ...options } = asked.options;
    return before.call(this, { ...options, ...address(entrance) }, ...asked.listening);
  };
  return () => {
    net.Socket.prototype.connect = before;
  };
}

/** What a socket is asked to connect to, undefined for a unix socket or a pipe. */
function target(args) {
  // net.connect and tls.connect hand on what they made of their arguments: [options, callback].
  const [first, ...rest] = Array.isArray(args[0]) ? args[0] : args;
  const listening = rest.filter((one) => typeof one === 'function');
  if (typeof first === 'object' && first !== null) {
    if (first.path) return undefined;
    return { options: first, host: first.host ?? 'localhost', port: Number(first.port), listening };
  }
  if (Number.isNaN(Number(first))) return undefined;
  const host = typeof rest[0] === 'string' ? rest[0] : 'localhost';
  return { options: {}, host, port: Number(first), listening };
}

function isHere(host) {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '');
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return ['::1', '0.0.0.0', '::'].includes(name) || /^127\.\d+\.\d+\.\d+$/.test(name);
}

function isOpen(open, { host, port }) {
  const name = host.toLowerCase();
  return open.has(name) || open.has(`${name}:${port}`);
}

function address(entrance) {
  const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(entrance);
  return { host, port: Number(port) };
}

function stopped(socket, { host, port }) {
  const why = `soundstage: the connection to ${host}:${port} was stopped; a service of the tests is named in services`;
  const trouble = Object.assign(new Error(why), { code: 'ECONNREFUSED', address: host, port, syscall: 'connect' });
  process.nextTick(() => socket.destroy(trouble));
  return socket;
}
