"""The client library gql validates against the schema that it fetches, asks, changes and fails: gql_client.py URL TOKEN"""

import asyncio
import sys

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportQueryError

LIST = gql("query List { findings(first: 1) { nodes { id title } } }")
COMMENT = gql(
    """mutation Comment($input: CommentOnFindingInput!) {
      commentOnFinding(input: $input) { finding { comments { text } } userErrors { code field } }
    }"""
)


def variables(**input):
    return {"input": input}


async def main(url, token):
    transport = AIOHTTPTransport(url, headers={"authorization": f"Bearer {token}"})
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        for _ in range(240):
            if found := (await session.execute(LIST))["findings"]["nodes"]:
                break
            await asyncio.sleep(0.25)
        finding = found[0]["id"]
        change = lambda text: session.execute(COMMENT, variable_values=variables(id=finding, text=text))
        done = (await change("seen by gql"))["commentOnFinding"]
        assert "seen by gql" in [comment["text"] for comment in done["finding"]["comments"]], done
        faulty = (await change(""))["commentOnFinding"]
        assert faulty["finding"] is None and faulty["userErrors"][0]["code"] == "REQUIRED", faulty
    async with Client(transport=AIOHTTPTransport(url)) as session:
        try:
            await session.execute(LIST)
        except TransportQueryError as error:
            assert error.errors[0]["extensions"]["code"] == "UNAUTHENTICATED", error.errors
        else:
            raise AssertionError("answered without a credential")
    print("gql: schema fetched, a query, a mutation, a fault, an error: ok")


asyncio.run(main(*sys.argv[1:]))
