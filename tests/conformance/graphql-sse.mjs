// Follows a subscription and asks a query with the client of graphql-sse, in distinct connections mode:
// node graphql-sse.mjs URL [SUBSCRIPTION] [QUERY]. The defaults fit the schema of schema/tests/http.
import { createClient } from 'graphql-sse';

const [url, subscription = 'subscription { count(to: 3) }', query = '{ hello }'] = process.argv.slice(2);
if (!url) {
  console.error('usage: node graphql-sse.mjs URL [SUBSCRIPTION] [QUERY]');
  process.exit(2);
}
const client = createClient({ url, singleConnection: false, retryAttempts: 0 });

// All results until the server completes the stream.
async function follow(document) {
  const results = [];
  for await (const result of client.iterate({ query: document })) {
    results.push(result);
  }
  return results;
}

function expect(what, holds, results) {
  if (!holds) {
    console.error(`${what}: ${JSON.stringify(results)}`);
    process.exit(1);
  }
  console.log(`${what}: ok`);
}

const followed = await follow(subscription);
expect('a subscription has results and an end', followed.length > 1 && followed.every((r) => r.data && !r.errors), followed);

const asked = await follow(query);
expect('a query has one result and an end', asked.length === 1 && asked[0].data && !asked[0].errors, asked);

const refused = await follow('subscription { thereIsNoSuchField }');
expect('an error before execution is a result', refused.length === 1 && refused[0].errors?.length > 0, refused);

const unread = await follow('{');
expect('a syntax error is a result', unread.length === 1 && unread[0].errors?.length > 0, unread);

// Leaving early must not hang: the first result, and away.
for await (const first of client.iterate({ query: subscription })) {
  expect('a client may leave early', first.data, first);
  break;
}
client.dispose();
