// What an application does: a mail over SMTP, a request through the proxy. By the variables that it has.
import { request } from 'node:http';

import { mail } from '../src/canary_mail.js';

export function sendMail(environ, to, subject, text) {
  const server = { host: environ.SMTP_HOST, port: Number(environ.SMTP_PORT), seconds: 60 };
  const login = { user: environ.SMTP_USERNAME, password: environ.SMTP_PASSWORD };
  const message = `From: shop@shop.test\r\nTo: ${to}\r\nSubject: ${subject}\r\n\r\n${text}\r\n`;
  return mail(server, login, 'shop@shop.test', to, message);
}

/** A POST of JSON through the run's proxy. Resolves to the status. */
export function post(environ, url, body) {
  const proxy = new URL(environ.HTTP_PROXY);
  const basic = Buffer.from(`${proxy.username}:${decodeURIComponent(proxy.password)}`).toString('base64');
  const headers = { host: new URL(url).host, 'proxy-authorization': `Basic ${basic}`, 'content-type': 'application/json' };
  const options = { host: proxy.hostname, port: proxy.port, path: url, method: 'POST', agent: false };
  return new Promise((resolve, reject) => {
    const asked = request({ ...options, headers }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    asked.on('error', reject).end(JSON.stringify(body));
  });
}
