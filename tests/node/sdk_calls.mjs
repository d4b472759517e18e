// One call with one provider's own Node SDK, as an application makes it. Prints one JSON object, as sdk_calls.py does.
import { HttpsProxyAgent } from 'https-proxy-agent';
import nodemailer from 'nodemailer';
import Stripe from 'stripe';

const calls = {
  async stripe() {
    // stripe-node reads no proxy variable: through a proxy it is given an agent, as its manual says; steered, nothing.
    const proxy = process.env.HTTPS_PROXY;
    const client = new Stripe('sk_test_51Soundstage', {
      maxNetworkRetries: 0,
      ...(proxy ? { httpAgent: new HttpsProxyAgent(proxy) } : {}),
    });
    const made = await client.paymentIntents.create({ amount: 4200, currency: 'eur', confirm: true, payment_method: 'pm' });
    const read = await client.paymentIntents.retrieve(made.id);
    if (read.amount !== 4200 || read.status !== 'succeeded') throw new Error(`read back ${JSON.stringify(read)}`);
    return made.id;
  },
  async nodemailer() {
    const transport = nodemailer.createTransport({
      host: process.env.SMTP_HOST,
      port: Number(process.env.SMTP_PORT),
      requireTLS: true,
      auth: { user: 'shop', pass: 'whatever' },
    });
    const sent = await transport.sendMail({
      from: 'a@shop.test',
      to: 'ann@example.test',
      subject: 'Hello from Node',
      text: 'hello',
      html: '<b>hello</b>',
      attachments: [{ filename: 'terms.txt', content: 'be kind' }],
    });
    return sent.response;
  },
};

try {
  console.log(JSON.stringify({ ok: await calls[process.argv[2]]() }));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, type: error.type ?? error.code, message: error.message }));
}
