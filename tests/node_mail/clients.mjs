// The published clients' own examples; only where they look is another place. The last line says what was seen.
import { createRequire } from "node:module";
import { MailpitClient } from "mailpit-api";

const [base, host, port, token] = process.argv.slice(2);
const mailhog = createRequire(import.meta.url)("mailhog")({
  host, port: Number(port), auth: `anybody:${token}`, basePath: "/mailhog/api",
});
const mailpit = new MailpitClient(`${base}/mailpit`, { auth: { username: "anybody", password: token } });
const seen = {};

await mailpit.deleteMessages();
seen.empty = (await mailpit.listMessages()).total;
seen.sent = (await mailpit.sendMessage({
  From: { Email: "no-reply@your-app.test", Name: "Your App" },
  To: [{ Email: "test@example.test", Name: "Recipient Name" }],
  Cc: [{ Email: "another@example.test" }],
  Bcc: ["hidden@example.test"],
  Subject: "Welcome to Our App",
  Text: "Your banana is ready",
  HTML: "<p>Your <b>banana</b> is ready</p>",
  Attachments: [{ Content: Buffer.from("%PDF-1.4 x").toString("base64"), Filename: "terms.pdf", ContentType: "application/pdf" }],
  Tags: ["signup"],
})).ID;

const message = await mailpit.waitForMessage({ query: "subject:Welcome to Our App" });
seen.message = message;
seen.unreadAfterReading = (await mailpit.listMessages()).unread;
seen.waited = (await mailpit.waitForMessages({ query: "to:test@example.test", count: 1 })).messages_count;
seen.headers = (await mailpit.getMessageHeaders()).Subject;
seen.source = (await mailpit.getMessageSource()).slice(0, 2000);
const blob = await mailpit.getMessageAttachment(message.ID, message.Attachments[0].PartID);
seen.attachment = [blob.type, await blob.text()];
await mailpit.setReadStatus({ IDs: [message.ID], Read: false });
seen.unreadAgain = (await mailpit.searchMessages({ query: "is:unread after:2020-01-01", tz: "America/Chicago" })).messages_count;
await mailpit.setReadStatus({ Search: "from:your-app.test", Read: true });
await mailpit.setTags({ IDs: [message.ID], Tags: ["welcome", "first"] });
seen.tags = await mailpit.getTags();
await mailpit.renameTag("first", "second");
await mailpit.deleteTag("welcome");
seen.tagsAfter = (await mailpit.getMessageSummary()).Tags;
seen.html = (await mailpit.renderMessageHTML()).includes("banana");
seen.text = await mailpit.renderMessageText();
seen.info = (await mailpit.getInfo()).Messages;
seen.relay = (await mailpit.getConfiguration()).MessageRelay.Enabled;
seen.linkCheck = await mailpit.linkCheck(message.ID).catch((error) => error.message);

seen.hog = {};
for (const item of (await mailhog.messages(0, 10)).items)
  if (item.ID === message.ID)
    seen.hog.message = { from: item.from, to: item.to, cc: item.cc, subject: item.subject, text: item.text, html: item.html,
      attachments: item.attachments.map((one) => [one.name, one.type, one.Body.trim()]) };
seen.hog.found = (await mailhog.search("banana", "containing", 0, 10)).total;
seen.hog.from = (await mailhog.latestFrom("no-reply@your-app.test")).ID;
seen.hog.to = (await mailhog.latestTo("hidden@example.test")).ID;
seen.hog.nobody = (await mailhog.search("nobody@example.test", "to")).total;
seen.refused = await mailpit.releaseMessage(message.ID, { To: ["user1@example.test"] }).catch((error) => error.message);
seen.hog.deleted = (await mailhog.deleteMessage(message.ID)).statusCode;
seen.hog.left = (await mailhog.search("banana")).items.filter((one) => one.ID === message.ID).length;
seen.hog.all = (await mailhog.deleteAll()).statusCode;
await mailpit.deleteMessagesBySearch({ query: "from:your-app.test" });
seen.end = (await mailhog.messages()).total;
console.log(JSON.stringify(seen));
