// What a Relay application writes: a list that pages, a node that is fetched again by its id, and a change that leaves a
// trace in the list. Only compiled.
import { graphql } from 'relay-runtime';

graphql`
  query findingsPageQuery($count: Int!) {
    ...findings_list @arguments(count: $count)
    viewer { organizations { id ...findings_organization } }
  }
`;

graphql`
  fragment findings_list on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }, filter: { type: "FindingFilter" })
  @refetchable(queryName: "findingsListPaginationQuery") {
    findings(first: $count, after: $cursor, filter: $filter) @connection(key: "findings_findings") {
      totalCount
      edges { node { id ...findings_row } }
    }
  }
`;

graphql`
  fragment findings_row on Finding @refetchable(queryName: "findingsRowRefetchQuery") {
    title
    severity
    dueAt
    asset { id name }
    history(first: 5) { edges { cursor node { type at } } }
  }
`;

graphql`
  fragment findings_organization on Organization {
    name
  }
`;

graphql`
  mutation findingsTriageMutation($input: TriageFindingsInput!) {
    triageFindings(input: $input) {
      findings { id state ...findings_row }
      userErrors { code message field }
    }
  }
`;

graphql`
  mutation findingsDeleteMutation($input: DeleteAssetsInput!, $connections: [ID!]!) {
    deleteAssets(input: $input) {
      deletedIds @deleteEdge(connections: $connections)
    }
  }
`;

graphql`
  subscription findingsEventsSubscription($after: String) {
    events(after: $after) { cursor node { id type finding { ...findings_row } } }
  }
`;
