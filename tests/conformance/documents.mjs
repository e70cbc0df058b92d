// What each client library is made to ask: a list to page through, a change, a change with a fault in its input, and a
// request with a fault of its own.
import { eventually, post } from './expect.mjs';

export const LIST = `query List($first: Int!, $after: String) {
  findings(first: $first, after: $after) {
    edges { cursor node { id title } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

export const COMMENT = `mutation Comment($input: CommentOnFindingInput!) {
  commentOnFinding(input: $input) {
    finding { id comments { text } }
    userErrors { code field message }
  }
}`;

export const FOLLOW = `subscription Follow($after: String) {
  events(after: $after) { cursor node { id type } }
}`;

export const FIRST_EVENT = '{ events(first: 1) { edges { cursor } } }';

// The demonstration's findings, once its first poll is through.
export async function ready(url, token) {
  await eventually('findings', async () => {
    const answer = await post(url, token, { query: '{ findings(first: 3) { totalCount } }' });
    const told = await answer.json();
    return told.data?.findings.totalCount >= 3;
  });
}
