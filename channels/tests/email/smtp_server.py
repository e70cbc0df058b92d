"""A mail server on loopback for tests: says its port, then one JSON line for each mail that it took.

Recipients named permanent@ are refused with 550, transient@ with 451, denied@ with 530.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("permanent@"):
            return "550 5.1.1 no such\tuser \x1b[2J here"
        if address.startswith("transient@"):
            return "451 4.3.0 come back later"
        if address.startswith("denied@"):
            return "530 5.7.0 Authentication required"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "names": message.keys(),
            "oneClick": message["list-unsubscribe-post"],
            "subject": message["subject"],
            "messageId": message["message-id"],
            "unsubscribe": message["list-unsubscribe"],
            "parts": [part.get_content_type() for part in message.walk()],
            "text": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
        })
        return "250 OK"


def say(value):
    print(json.dumps(value), flush=True)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="mail.test", loop=loop), "127.0.0.1", 0)
    say(server.sockets[0].getsockname()[1])
    # Ends with the test, whichever way that ends: its end of the pipe closes.
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
