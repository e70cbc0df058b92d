"""The Bicep of infra/ against the program: every table, queue, setting and role that it needs, and nothing that grants more."""

import json
import pathlib
import re
import sys
import unittest

import tree_sitter_bicep
from tree_sitter import Language, Parser

ROOT = pathlib.Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
TEMPLATES = sorted(INFRA.rglob("*.bicep"))
PARSER = Parser(Language(tree_sitter_bicep.language()))

# Built-in roles by their ids, as Azure documents them.
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}
# Settings of the platform; those of the program are in local.settings.json.example, which a test of its own holds true.
PLATFORM = {
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsDisableHomepage",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
}
REQUIRED = {"IOTMONITOR_SECRET_KEY", "IOTMONITOR_POLL_SCHEDULE", "IOTMONITOR_PUBLIC_URL"}


def text(name: str) -> str:
    return (INFRA / name).read_text()


def faults(node, found):
    if node.type == "ERROR" or node.is_missing:
        found.append(f"line {node.start_point[0] + 1}: {node.text[:60]!r}")
    for child in node.children:
        faults(child, found)
    return found


def strings_of(array: str, source: str) -> list[str]:
    return re.findall(r"'([^']+)'", re.search(rf"var {array} = \[([^\]]*)\]", source).group(1))


class Inventory(unittest.TestCase):
    def test_every_template_is_bicep(self):
        self.assertGreaterEqual(len(TEMPLATES), 8)
        for path in TEMPLATES:
            found = faults(PARSER.parse(path.read_bytes()).root_node, [])
            self.assertEqual(found, [], path)

    def test_a_broken_template_would_be_noticed(self):
        broken = text("main.bicep").replace("module identity", "module identity {", 1).encode()
        self.assertNotEqual(faults(PARSER.parse(broken).root_node, []), [])

    def test_the_tables_are_the_programs(self):
        source = (ROOT / "app/src/ports/tables.rs").read_text()
        names = re.search(r"fn as_str\(self\).*?\n    \}", source, re.S).group(0)
        program = set(re.findall(r'=> "([a-z]+)"', names))
        self.assertEqual(set(strings_of("tableNames", text("modules/storage.bicep"))), program)
        self.assertGreaterEqual(len(program), 7)

    def test_the_queues_are_the_programs(self):
        trigger = json.loads((ROOT / "functions/notify/function.json").read_text())["bindings"][0]
        queue = trigger["queueName"]
        self.assertEqual(strings_of("queueNames", text("modules/storage.bicep")), [queue, f"{queue}-poison"])

    def test_roles_are_these_and_no_others(self):
        granted = set(re.findall(r"'([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})'", text("modules/roles.bicep")))
        self.assertEqual(granted, set(ROLES), {ROLES.get(role, role) for role in granted ^ set(ROLES)})
        for path in TEMPLATES:
            if path.name != "roles.bicep":
                self.assertNotIn("roleAssignments", path.read_text(), path)

    def test_roles_are_on_single_resources(self):
        roles = text("modules/roles.bicep")
        self.assertEqual(roles.count("Microsoft.Authorization/roleAssignments@"), roles.count("  scope: ") or 0, roles)
        self.assertEqual(set(re.findall(r"scope: (\w+)", roles)), {"storage", "vault", "insights"})

    def test_settings_are_ones_that_the_program_or_the_host_reads(self):
        known = set(json.loads((ROOT / "local.settings.json.example").read_text())["Values"])
        used = set()
        for path in TEMPLATES:
            used |= set(re.findall(r"\b((?:IOTMONITOR|AzureWebJobs|APPLICATIONINSIGHTS)\w+): ", path.read_text()))
        self.assertEqual({s for s in used if s.startswith("IOTMONITOR")} - known, set())
        self.assertEqual({s for s in used if not s.startswith("IOTMONITOR")}, PLATFORM)
        self.assertEqual(REQUIRED - used, set())

    def test_no_secret_is_a_setting_an_output_or_a_default(self):
        for path in TEMPLATES:
            source = path.read_text()
            self.assertIsNone(re.search(r"listKeys|listAccountSas|AccountKey=", source), path)
            for name in re.findall(r"@secure\(\)\n(?:@\w+\([^\n]*\n)*param (\w+) string = '([^']*)'", source):
                self.assertEqual(name[1], "", f"{path}: {name[0]} has a default")
        for secret in ("secretKey", "setupCode", "shodanKey", "smtpUrl"):
            self.assertRegex(text("main.bicep"), rf"@secure\(\)\n(?:@[^\n]*\n)*param {secret} string")
            self.assertNotIn(secret, text("modules/functions.bicep"))

    def test_storage_takes_no_shared_key_and_the_app_runs_as_a_custom_handler(self):
        self.assertIn("allowSharedKeyAccess: false", text("modules/storage.bicep"))
        self.assertIn("DisableLocalAuth: true", text("modules/monitoring.bicep"))
        self.assertIn("runtime: { name: 'custom', version: '1.0' }", text("modules/functions.bicep"))

    def test_every_parameter_is_described_and_given_ones_exist(self):
        main = text("main.bicep")
        parameters = re.findall(r"^param (\w+)", main, re.M)
        for name in parameters:
            before = main[: re.search(rf"^param {name}\b", main, re.M).start()].rstrip().splitlines()
            decorators = []
            while before and before[-1].startswith("@"):
                decorators.append(before.pop())
            self.assertTrue(any(d.startswith("@description(") for d in decorators), name)
        given = json.loads(text("main.parameters.json"))["parameters"]
        self.assertEqual(set(given) - set(parameters), set())

    def test_alerts_look_for_words_that_the_program_logs(self):
        logged = "\n".join(p.read_text() for p in (ROOT / "app/src").rglob("*.rs"))
        messages = re.findall(r'tracing::(?:warn|error)!\([^;]*?"([^"]+)"\s*\)', logged)
        words = re.findall(r'message has "(\w+)"', text("modules/alerts.bicep"))
        self.assertGreaterEqual(len(words), 2)
        for word in words:
            self.assertTrue(any(word in message for message in messages), f"nothing logs {word!r}")

    def test_aws_gets_only_settings_that_the_program_reads(self):
        template = text("aws/template.yaml")
        known = set(json.loads((ROOT / "local.settings.json.example").read_text())["Values"]) | {"IOTMONITOR_STORAGE"}
        used = set(re.findall(r"^          (IOTMONITOR_\w+):", template, re.M))
        self.assertEqual(used - known, set())
        self.assertEqual({"IOTMONITOR_STORAGE", "IOTMONITOR_SECRET_KEY", "IOTMONITOR_PUBLIC_URL"} - used, set())
        secret = set(re.findall(r"SecretString:(\w+)", template))
        self.assertEqual(secret, {"storage", "secretKey", "setupCode", "shodanKey", "smtpUrl"})

    def test_azd_finds_what_it_deploys(self):
        azd = (ROOT / "azure.yaml").read_text()
        service = re.search(r"services:\n  (\w+):", azd).group(1)
        self.assertIn(f"'azd-service-name': '{service}'", text("modules/functions.bicep"))
        outputs = set(re.findall(r"^output (\w+)", text("main.bicep"), re.M))
        for name in re.findall(r"azd env get-value (IOTMONITOR_\w+_URL)", azd):
            self.assertIn(name, outputs)


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
