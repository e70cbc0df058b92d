// GraphiQL at our own endpoint. Signed in by cookie, or by what stands in the headers' tab; subscriptions come as
// Server-Sent Events.
import { GraphiQL } from 'graphiql';
import { getOperationAST } from 'graphql';
import { createClient } from 'graphql-sse';
import { createRoot } from 'react-dom/client';

const WELCOME = `# Sign in, if you have not yet:
#   mutation { login(input: { email: "…", password: "…" }) { viewer { user { name } } userErrors { message } } }
# or write a token into the headers: { "authorization": "Bearer iotm_…" }

query Findings {
  findings(first: 5) {
    totalCount
    nodes { title severity state riskScore }
  }
}
`;

function fetcher({ query, variables, operationName }, { documentAST, headers } = {}) {
  const asked = { query, variables, operationName };
  const operation = documentAST && getOperationAST(documentAST, operationName);
  if (operation?.operation === 'subscription') {
    return createClient({ url: '/graphql', headers, singleConnection: false }).iterate(asked);
  }
  const accept = 'application/graphql-response+json, application/json';
  const options = { method: 'POST', headers: { 'content-type': 'application/json', accept, ...headers } };
  return fetch('/graphql', { ...options, body: JSON.stringify(asked) }).then((answer) => answer.json());
}

createRoot(document.getElementById('graphiql')).render(
  <GraphiQL fetcher={fetcher} defaultQuery={WELCOME} defaultEditorToolsVisibility="headers" shouldPersistHeaders={false} />,
);
