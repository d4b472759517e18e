// Mail: one mail over plain SMTP (RFC 5321) with AUTH PLAIN (RFC 4616), for a canary. It needs no more than that.
import { once } from 'node:events';
import { connect } from 'node:net';

/** Throws where the server takes longer than `seconds` for a word, hangs up, or answers with another code. */
export async function mail({ host, port, seconds }, { user, password }, from, to, text) {
  const socket = connect({ host, port });
  const secret = Buffer.from(`\0${user}\0${password}`).toString('base64');
  socket.setTimeout(seconds * 1000, () => socket.destroy(new Error(`nothing came within ${seconds} s`)));
  try {
    const replies = repliesOf(socket);
    await expected(replies, 220);
    await said(socket, replies, 'EHLO canary.invalid', 250);
    await said(socket, replies, `AUTH PLAIN ${secret}`, 235);
    await said(socket, replies, `MAIL FROM:<${from}>`, 250);
    await said(socket, replies, `RCPT TO:<${to}>`, 250);
    await said(socket, replies, 'DATA', 354);
    await said(socket, replies, `${text}.`, 250);
    await said(socket, replies, 'QUIT', 221);
  } finally {
    socket.destroy();
  }
}

async function said(socket, replies, line, code) {
  socket.write(`${line}\r\n`);
  await expected(replies, code);
}

async function expected(replies, code) {
  const { value } = await replies.next();
  if (value === undefined) throw new Error('the server hung up');
  if (!value.startsWith(`${code}`)) throw new Error(`the server said ${value}`);
}

/** The last line of each reply: the one with a blank behind its code. */
async function* repliesOf(socket) {
  await once(socket, 'connect');
  let rest = '';
  for await (const part of socket.setEncoding('utf8')) {
    const lines = (rest + part).split('\r\n');
    rest = lines.pop();
    yield* lines.filter((line) => /^\d{3} /.test(line));
  }
}
