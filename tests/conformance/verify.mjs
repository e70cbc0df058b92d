// Verifies webhooks as a receiver in JavaScript does: {"secret": …, "requests": [{"headers": {…}, "body": …}]} on standard input.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const { secret, requests } = JSON.parse(readFileSync(0, 'utf8'));
const webhook = new Webhook(secret);
for (const { headers, body } of requests) {
  webhook.verify(body, headers);
  try {
    webhook.verify(`${body} `, headers);
  } catch {
    continue;
  }
  console.error('a changed body was taken');
  process.exit(1);
}
console.log(`${requests.length} requests verified`);
