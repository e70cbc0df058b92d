// urql asks, changes, fails, and follows a subscription through its own fetch exchange.
import { Client, fetchExchange } from '@urql/core';
import { COMMENT, FIRST_EVENT, FOLLOW, LIST, ready } from './documents.mjs';
import { expect, given } from './expect.mjs';

const [url, token] = given('URL', 'TOKEN');
await ready(url, token);

const connect = (headers) =>
  new Client({ url, exchanges: [fetchExchange], fetchSubscriptions: true, fetchOptions: { headers } });
const client = connect({ authorization: `Bearer ${token}` });

const listed = await client.query(LIST, { first: 1 }).toPromise();
const [edge] = listed.data.findings.edges;
expect('a query has an answer', edge.node.title && !listed.error, listed);

const change = (input) => client.mutation(COMMENT, { input }).toPromise();
const done = await change({ id: edge.node.id, text: 'seen by urql' });
const texts = done.data.commentOnFinding.finding.comments.map((comment) => comment.text);
expect('a mutation answers with what it changed', texts.includes('seen by urql'), done);

const faulty = await change({ id: edge.node.id, text: '' });
const [fault] = faulty.data.commentOnFinding.userErrors;
expect('a fault in the input is data', !faulty.error && fault.code === 'REQUIRED', faulty);

const failed = await connect({}).query(LIST, { first: 1 }).toPromise();
const code = failed.error?.graphQLErrors[0]?.extensions.code;
expect('a request without a credential is an error with a code', code === 'UNAUTHENTICATED', failed.error);

const begun = await client.query(FIRST_EVENT, {}).toPromise();
const after = begun.data.events.edges[0].cursor;
const followed = await new Promise((resolve) => {
  const { unsubscribe } = client.subscription(FOLLOW, { after }).subscribe((result) => {
    queueMicrotask(() => unsubscribe());
    resolve(result);
  });
});
const next = followed.data?.events.cursor;
expect('a subscription goes on behind its cursor', next && next !== after && !followed.error, followed);
process.exit(0);
