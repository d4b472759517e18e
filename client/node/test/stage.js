// A Soundstage that is only its API, over real HTTP: one run, its windows and its captures in memory, filled by the test.
// For the client's own reasoning: what it asks, and what it makes of each answer.
import { once } from 'node:events';
import { createServer } from 'node:http';

const MOMENT = '2026-11-22T10:15:30.123456Z';
const TARGET = { scheme: 'https', host: 'hooks.partner.test', port: 443, method: 'POST', path: '/v1/orders' };
const BLANK = { provider: null, operation: null, text: '', html: null, links: [], codes: [], attachments: [], flags: [] };

/** A mail as the API shows it. */
export function mail(id, to, subject, more = {}) {
  const facts = { from: 'shop@shop.test', to: [to], subject };
  const known = { id, at: MOMENT, run: 'r', window: 'w-1', source: '127.0.0.1', channel: 'email', intent: 'write' };
  return { ...BLANK, ...known, protocol: 'smtp', target: TARGET, verdict: 'capture', left: false, facts, ...more };
}

export class Stage {
  captures = [];
  run = { gaps: [], canaries: null, counts: {}, variables: {}, contained: 'no' };
  /** Of the run, once it is finished. */
  atFinish = {};
  asked = [];
  windows = 0;
  isGone = false;
  /** Arrives once a window has been closed. */
  late = undefined;

  /** Serves until `work` is done. */
  static async with(work) {
    const stage = new Stage();
    const server = createServer((request, response) => stage.#serve(request, response));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    stage.url = `http://127.0.0.1:${server.address().port}`;
    try {
      return await work(stage);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve(request, response) {
    const body = (await request.setEncoding('utf8').toArray()).join('');
    const url = new URL(request.url, this.url);
    this.asked.push(`${request.method} ${url.pathname}`);
    const [status, told] = this.isGone
      ? [503, { detail: 'The gateway does not answer.' }]
      : this.#answer(url.pathname, url.searchParams, body ? JSON.parse(body) : undefined);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(told));
  }

  #answer(path, query, body) {
    // Nothing comes while somebody waits: those who do are tried against a real one.
    if (path === '/api/captures/wait') return [408, { items: this.#matching(query) }];
    if (path.startsWith('/api/captures/')) return [200, this.captures.find((one) => path.endsWith(`/${one.id}`))];
    if (path === '/api/captures') return [200, { items: this.#matching(query), next: null }];
    const what = path.split('/')[4];
    if (what === 'settle') return [200, { reached: true, why: null }];
    if (what === 'finish') return [200, { id: 'r', name: 'r', opened_at: MOMENT, ...this.run, ...this.atFinish }];
    return what === 'windows' ? this.#window(body) : [200, { id: 'r', name: 'r', opened_at: MOMENT, ...this.run }];
  }

  #window(body) {
    if (body.open) return [201, { id: `w-${(this.windows += 1)}`, name: body.open, opened_at: MOMENT }];
    if (this.late) this.captures.push(this.late);
    this.late = undefined;
    return [200, { id: body.close, settled: true, why: null }];
  }

  #matching(query) {
    const window = query.get('window');
    const inside = (one) => window === null || (window === 'none' ? undefined : window) === one.window;
    const wanted = (one) => query.get('left') !== 'true' || one.left;
    const kind = (one) => [null, one.channel].includes(query.get('channel'));
    return this.captures.filter((one) => inside(one) && wanted(one) && kind(one)).reverse();
  }
}
