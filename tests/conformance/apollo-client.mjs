// Apollo Client reads pages into its cache, changes something, and tells both kinds of errors apart.
import { ApolloClient, CombinedGraphQLErrors, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { filter, firstValueFrom, timeout } from 'rxjs';
import { COMMENT, LIST, ready } from './documents.mjs';
import { expect, given } from './expect.mjs';

const [url, token] = given('URL', 'TOKEN');
await ready(url, token);

const connect = (headers) =>
  new ApolloClient({
    link: new HttpLink({ uri: url, headers }),
    cache: new InMemoryCache({ typePolicies: { Query: { fields: { findings: relayStylePagination() } } } }),
    defaultOptions: { query: { fetchPolicy: 'network-only' } },
  });
const client = connect({ authorization: `Bearer ${token}` });

const pages = client.watchQuery({ query: gql(LIST), variables: { first: 1 } });
const listing = (edges) =>
  firstValueFrom(pages.pipe(filter(({ data }) => data?.findings?.edges.length === edges), timeout(20_000)));
const watching = pages.subscribe();
const first = (await listing(1)).data.findings;
await pages.fetchMore({ variables: { after: first.pageInfo.endCursor } });
const ids = (await listing(2)).data.findings.edges.map((edge) => edge.node.id);
expect('two pages become one list', new Set(ids).size === 2, ids);

const change = (input) => client.mutate({ mutation: gql(COMMENT), variables: { input } });
const done = (await change({ id: ids[0], text: 'seen by Apollo Client' })).data.commentOnFinding;
const texts = done.finding.comments.map((comment) => comment.text);
expect('a mutation answers with what it changed', texts.includes('seen by Apollo Client'), done);

const faulty = (await change({ id: ids[0], text: '' })).data.commentOnFinding;
expect('a fault in the input is data', faulty.finding === null && faulty.userErrors[0].code === 'REQUIRED', faulty);

const failure = await connect({}).query({ query: gql(LIST), variables: { first: 1 } }).catch((error) => error);
expect('a request without a credential is an error', CombinedGraphQLErrors.is(failure), failure);
expect('and has a code', failure.errors[0].extensions.code === 'UNAUTHENTICATED', failure.errors);
watching.unsubscribe();
client.stop();
