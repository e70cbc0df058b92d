"""Verifies webhooks as a receiver in Python does: {"secret": ..., "requests": [{"headers": {...}, "body": ...}]} on standard input."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

asked = json.load(sys.stdin)
webhook = Webhook(asked["secret"])
for request in asked["requests"]:
    webhook.verify(request["body"], request["headers"])
    try:
        webhook.verify(request["body"] + " ", request["headers"])
    except WebhookVerificationError:
        continue
    sys.exit("a changed body was taken")
print(f"{len(asked['requests'])} requests verified")
