// Canary: one request and one mail with the run's own variables, which prove that the way into the run works.
// They are answered, noted on the run and left out of every count.
import { request } from 'node:http';

import { after } from './clock.js';
import { mail } from './canary_mail.js';
import { exchange } from './wire.js';

const HOST = 'canary.soundstage.invalid';
const SECONDS = 15;

/**
 * Send both, and one by the run's listener if it has one, which is where programs in Node are led; `moment` is begin or
 * end. What went wrong, in whole phrases; nothing where all went well.
 */
export async function sing({ id, listener }, moment, environ = process.env) {
  const ways = [['http', ask], ['smtp', post]];
  if (listener) ways.push(['its listener', (...words) => arrive(listener.http, ...words)]);
  const troubles = [];
  for (const [way, send] of ways) {
    try {
      await send(id, moment, environ);
    } catch (trouble) {
      const said = `the canary at the ${moment} of run ${id} did not arrive over ${way}`;
      troubles.push(`${said}: ${trouble.message || trouble.code}`);
    }
  }
  return troubles;
}

function ask(run, moment, environ) {
  const proxy = new URL(environ.HTTP_PROXY ?? 'HTTP_PROXY, which is not set');
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return asked(proxy.host, `http://${HOST}/${run}/${moment}`, { 'proxy-authorization': authorization }, run, moment);
}

function arrive(place, run, moment) {
  return asked(place, `/${run}/${moment}`, {}, run, moment);
}

async function asked(place, path, headers, run, moment) {
  const options = { path, headers: { host: HOST, ...headers }, agent: false, signal: after(SECONDS) };
  const { status, octets } = await exchange(request, `http://${place}`, options);
  const said = octets.toString('utf8');
  const told = status === 200 ? JSON.parse(said) : {};
  if (told.canary !== moment || told.run !== run) throw new Error(`the answer was ${status} ${said.slice(0, 200)}`);
}

async function post(run, moment, environ) {
  for (const name of ['SMTP_HOST', 'SMTP_PORT', 'SMTP_USERNAME', 'SMTP_PASSWORD']) {
    if (!environ[name]) throw new Error(`${name} is not set`);
  }
  const to = `${moment}@${HOST}`;
  const text = `From: canary@${HOST}\r\nTo: ${to}\r\nSubject: canary of ${run}\r\n\r\n${moment}\r\n`;
  const server = { host: environ.SMTP_HOST, port: Number(environ.SMTP_PORT), seconds: SECONDS };
  await mail(server, { user: environ.SMTP_USERNAME, password: environ.SMTP_PASSWORD }, `canary@${HOST}`, to, text);
}
