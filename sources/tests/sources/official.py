"""Drives the official client of Shodan against the simulator; every line that fails ends it with a message.

Called with the address of the simulator and the key. The client's own pause of a second is taken out: how fast is too
fast is tested elsewhere.
"""

import sys

import shodan

BASE, KEY = sys.argv[1].rstrip("/"), sys.argv[2]


def client(key=KEY):
    api = shodan.Shodan(key)
    api.base_url = BASE
    api.base_exploits_url = BASE + "/exploits"
    api.base_trends_url = BASE + "/trends"
    api.stream.base_url = BASE + "/stream"
    api.api_rate_limit = 0
    return api


def refused(call, words):
    try:
        call()
    except shodan.APIError as error:
        assert words in str(error), error
        return
    raise AssertionError("it was not refused: " + words)


api = client()

# Look-ups and searches
host = api.host("198.51.100.10")
assert host["ip_str"] == "198.51.100.10" and {b["port"] for b in host["data"]} == {80, 554}, host
assert api.host("198.51.100.10", minify=True)["data"] == []
assert len(api.host(["198.51.100.10", "203.0.113.1"])) == 2
refused(lambda: api.host("192.0.2.250"), "No information available")
page = api.search('org:"Acme Utilities"', facets=[("port", 3), "country"])
assert page["total"] == len(page["matches"]) and len(page["facets"]["port"]) == 3, page["total"]
assert len(api.search("port:80", limit=1)["matches"]) == 1
banners = list(api.search_cursor(""))
assert len(banners) == 49, len(banners)
assert api.count("tag:ics", facets=["port"])["total"] > 0
assert "port" in api.search_facets() and "net" in api.search_filters()
assert api.search_tokens("apache port:80")["attributes"] == {"ports": [80]}
assert 502 in api.ports() and "modbus" in api.protocols() and api.services()
assert api.queries()["total"] == api.queries_search("modbus")["total"] and api.queries_tags()["matches"]

# Exploits
found = api.exploits.search("cve:2021-36260", facets=["source"])
assert found["total"] == 3 and {m["source"] for m in found["matches"]} == {"CVE", "ExploitDB", "Metasploit"}, found
assert api.exploits.count("type:remote")["total"] == 1

# Monitor
alert = api.create_alert("Plant", ["198.51.100.0/28"])
aid = alert["id"]
assert alert["size"] == 16 and api.edit_alert(aid, ["198.51.100.10"])["filters"]["ip"] == ["198.51.100.10"]
assert "new_service" in {t["name"] for t in api.alert_triggers()}
assert api.enable_alert_trigger(aid, "new_service,vulnerable")["success"]
assert api.ignore_alert_trigger_notification(aid, "new_service", "198.51.100.10", 554)["success"]
assert api.ignore_alert_trigger_notification(aid, "vulnerable", "198.51.100.10", 80, ["CVE-2021-36260"])["success"]
notifier = api.notifier.create("webhook", {"url": "https://hooks.example/x"}, description="ours")
assert api.add_alert_notifier(aid, notifier["id"])["success"]
info = api.alerts(aid)
assert info["triggers"]["new_service"]["ignore"][0]["port"] == 554, info
assert info["triggers"]["vulnerable"]["ignore"][0]["vulns"] == ["CVE-2021-36260"], info
assert [n["id"] for n in info["notifiers"]] == [notifier["id"]] and len(api.alerts()) == 1
streamed = list(api.stream.alert(aid))
assert {b["_shodan"]["alert"]["id"] for b in streamed} == {aid} and len(streamed) == 2, streamed
assert api.unignore_alert_trigger_notification(aid, "new_service", "198.51.100.10", 554)["success"]
assert api.disable_alert_trigger(aid, "vulnerable")["success"]
assert api.remove_alert_notifier(aid, notifier["id"])["success"]
assert api.notifier.edit(notifier["id"], {"url": "https://hooks.example/y"})["success"]
assert api.notifier.get(notifier["id"])["args"]["url"].endswith("/y")
assert "slack" in api.notifier.list_providers() and api.notifier.list_notifiers()["total"] == 2
assert api.notifier.remove(notifier["id"])["success"]
api.delete_alert(aid)
assert api.alerts() == []
refused(lambda: api.delete_alert(aid), "Invalid alert ID")

# DNS
domain = api.dns.domain_info("acme.example")
assert "www" in domain["subdomains"] and domain["more"] is False, domain

# Scans
before = api.info()["scan_credits"]
scan = api.scan(["198.51.100.10", "198.51.100.16/30"])
assert scan["count"] == 5 and scan["credits_left"] == before - 5, scan
assert api.scan({"198.51.100.10": [(502, "modbus")]})["count"] == 1
assert [api.scan_status(scan["id"])["status"] for _ in range(4)] == ["SUBMITTING", "QUEUE", "PROCESSING", "DONE"]
assert api.scans()["total"] == 2
refused(lambda: api.scan_internet(502, "modbus"), "403")
refused(lambda: api.scan("198.51.100.0/22"), "403")

# Account and the rest
info = api.info()
assert info["plan"] == "simulator" and info["usage_limits"]["query_credits"] > 0, info
assert info["query_credits"] < 100, "searches cost credits"
assert api.tools.myip() == "127.0.0.1" and api.labs.honeyscore("198.51.100.10") == 0.0
assert api.org.add_member("ann") and api.org.info()["members"][0]["username"] == "ann" and api.org.remove_member("ann")
assert api.data.list_files(api.data.list_datasets()[0]["name"])
assert api.trends.search("port:502", [("country", 3)])["total"] == 1 and api.trends.search_facets()
refused(lambda: client("another key").info(), "Invalid API key")

print("fine")
