use super::Demo;

/// Three questions to begin with.
pub const QUESTIONS: [&str; 3] = [
    "{ assets(first: 20) { nodes { name target } } }",
    "{ findings(first: 5) { totalCount nodes { title severity state riskScore } } }",
    "{ events(first: 5) { edges { cursor node { type at } } } }",
];

pub(super) fn text(demo: &Demo) -> String {
    let Demo { address, inbox, email, password, token, .. } = demo;
    let curl = |query: &str| {
        format!(
            "  curl -s http://{address}/graphql -H 'Authorization: Bearer {token}' \\\n    \
             -H 'Content-Type: application/json' -d '{{\"query\":\"{query}\"}}'\n"
        )
    };
    format!(
        "\niotmonitor demonstration: made-up data, nothing leaves this machine\n\n\
         GraphQL   http://{address}/graphql\n\
         GraphiQL  http://{address}/graphiql\n\
         Webhooks  http://{inbox}/inbox\n\
         Mails     http://{inbox}/mails\n\
         Login     {email}\n\
         Password  {password}\n\
         Token     {token}\n\n\
         Try:\n\n{}\nCtrl-C ends it.\n\n",
        QUESTIONS.map(curl).join("\n")
    )
}
