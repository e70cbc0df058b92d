"""What deploys, run against stand-ins of az and azd: nothing is lost by deploying again, and no secret is on a command line."""

import json
import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Keeps what it was called with, and a vault and a deployment in files. Answers as `--output tsv` does.
AZ = f"#!{sys.executable} -IS" + r"""
import json, os, pathlib, sys
state, words = pathlib.Path(os.environ["STATE"]), sys.argv[1:]
with open(state / "calls", "a") as calls:
    calls.write(json.dumps(words) + "\n")
option = lambda name: words[words.index(name) + 1]
vault, deployed = state / "vault.json", state / "deployed.json"
is_ = lambda *names: words[: len(names)] == list(names)
if is_("keyvault", "list"):
    print("kv-x" if vault.exists() else "", end="\n" if vault.exists() else "")
elif is_("keyvault", "secret", "list"):
    if os.environ.get("FORBIDDEN"):
        sys.exit("Caller is not authorized")
    print("\n".join(json.loads(vault.read_text())))
elif is_("keyvault", "secret", "show"):
    print(json.loads(vault.read_text())[option("--name")])
elif is_("group", "exists"):
    print("true" if deployed.exists() else "false")
elif is_("deployment", "sub", "create"):
    given = json.loads(pathlib.Path(option("--parameters")[1:]).read_text())["parameters"]
    mode = pathlib.Path(option("--parameters")[1:]).stat().st_mode & 0o777
    deployed.write_text(json.dumps({"mode": mode, **{name: value["value"] for name, value in given.items()}}))
    secrets = {"secret-key": "secretKey", "setup-code": "setupCode", "shodan-key": "shodanKey", "smtp-url": "smtpUrl"}
    old = json.loads(vault.read_text()) if vault.exists() else {}
    vault.write_text(json.dumps(old | {k: given[p]["value"] for k, p in secrets.items() if given[p]["value"]}))
elif is_("deployment", "sub", "show"):
    query = option("--query").split(".")
    if query[1] == "parameters":
        print(json.loads(deployed.read_text()).get(query[2], ""))
    else:
        print("https://func.example/graphql" if "URL" in query[2] else "func-x")
elif is_("functionapp"):
    (state / "zip").write_text(option("--src"))
elif not is_("account", "show"):
    sys.exit(f"az {words}")
"""

AZD = f"#!{sys.executable} -IS" + r"""
import json, os, pathlib, sys
kept = pathlib.Path(os.environ["STATE"]) / "azd.json"
values = json.loads(kept.read_text()) if kept.exists() else {}
if sys.argv[2] == "get-value":
    print(values[sys.argv[3]]) if sys.argv[3] in values else sys.exit("no such value")
else:
    values[sys.argv[3]] = sys.argv[4]
    kept.write_text(json.dumps(values))
"""


class Scripts(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = pathlib.Path(folder.name)
        for name, source in {"az": AZ, "azd": AZD, "cargo": "#!/bin/sh\necho cargo \"$@\" >> \"$STATE/built\"\n"}.items():
            tool = self.state / name
            tool.write_text(source)
            tool.chmod(tool.stat().st_mode | stat.S_IXUSR)

    def run_it(self, command, **settings):
        path = f"{self.state}:{os.environ['PATH']}"
        kept = {"PATH": path, "STATE": str(self.state), "HOME": str(self.state), "TMPDIR": str(self.state)}
        return subprocess.run(command, env=kept | settings, capture_output=True, text=True, cwd=ROOT)

    def deploy(self, **settings):
        return self.run_it(["bash", "infra/deploy.sh", "prod", "westeurope"], **settings)

    def deployed(self):
        return json.loads((self.state / "deployed.json").read_text())

    def test_a_first_deployment_makes_its_secrets_and_shows_none_on_a_command_line(self):
        awkward = "a \"quoted\" $HOME \\n 'word'"
        done = self.deploy(IOTMONITOR_SHODAN_KEY=awkward, IOTMONITOR_MAIL_FROM="Ops <ops@plant.example>")
        self.assertEqual(done.returncode, 0, done.stderr)
        given = self.deployed()
        self.assertEqual((given["mode"], given["shodanKey"], given["location"]), (0o600, awkward, "westeurope"))
        self.assertEqual((len(given["secretKey"]), len(given["setupCode"])), (44, 32))
        calls = (self.state / "calls").read_text()
        for secret in ("secretKey", "setupCode", "shodanKey"):
            self.assertNotIn(json.dumps(given[secret])[1:-1], calls)
        self.assertIn("package azure --target x86_64-unknown-linux-musl", (self.state / "built").read_text())
        self.assertEqual((self.state / "zip").read_text(), "dist/azure.zip")
        self.assertEqual([p.name for p in self.state.glob("tmp.*")], [], "the file with the parameters is left behind")
        self.assertIn(given["setupCode"], done.stdout)

    def test_it_gives_every_parameter_that_it_gives_by_a_name_that_the_template_has(self):
        self.deploy()
        template = set(re.findall(r"^param (\w+)", (ROOT / "infra/main.bicep").read_text(), re.M))
        self.assertEqual(set(self.deployed()) - {"mode"} - template, set())

    def test_deploying_again_changes_nothing_that_is_not_set_and_takes_away_what_is_set_to_nothing(self):
        first = dict(IOTMONITOR_SHODAN_KEY="K", IOTMONITOR_SMTP_URL="smtps://u:p@mail.example",
                     IOTMONITOR_MAIL_FROM="ops@plant.example", IOTMONITOR_ALERT_EMAIL="ops@plant.example")
        self.deploy(**first)
        before = self.deployed()
        again = self.deploy()
        self.assertEqual((again.returncode, self.deployed()), (0, before), again.stderr)
        self.deploy(IOTMONITOR_SHODAN_KEY="")
        self.assertEqual(self.deployed(), before | {"shodanKey": ""})

    def test_secrets_that_cannot_be_read_are_not_taken_for_none(self):
        self.deploy(IOTMONITOR_SHODAN_KEY="K")
        before = self.deployed()
        for settings in ({}, {"IOTMONITOR_SECRET_KEY": "other"}):
            refused = self.deploy(FORBIDDEN="1", **settings)
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("cannot be read", refused.stderr)
        self.assertEqual(self.deployed(), before)

    def test_without_a_name_or_a_tool_nothing_is_done(self):
        self.assertNotEqual(self.run_it(["bash", "infra/deploy.sh", "prod"]).returncode, 0)
        self.assertFalse((self.state / "calls").exists())

    def hook(self, name):
        azd = (ROOT / "azure.yaml").read_text()
        block = re.search(rf"^  {name}:.*?posix:\n      shell: sh\n      run: \|\n(.*?)\n    windows:", azd, re.S | re.M)
        return textwrap.dedent(block.group(1))

    def test_azds_hooks_make_secrets_once_and_tell_where_it_is(self):
        kept = lambda: json.loads((self.state / "azd.json").read_text())
        for _ in range(2):
            done = self.run_it(["sh", "-eu", "-c", self.hook("preprovision")])
            self.assertEqual(done.returncode, 0, done.stderr)
            made = kept()
            self.assertEqual((len(made["IOTMONITOR_SECRET_KEY"]), len(made["IOTMONITOR_SETUP_CODE"])), (44, 32))
            (self.state / "first").exists() or (self.state / "first").write_text(json.dumps(made))
        self.assertEqual(kept(), json.loads((self.state / "first").read_text()), "secrets were made anew")
        (self.state / "azd.json").write_text(json.dumps(made | {"IOTMONITOR_GRAPHQL_URL": "https://x.example/graphql"}))
        told = self.run_it(["sh", "-eu", "-c", self.hook("postup")]).stdout
        self.assertIn("https://x.example/graphql", told)
        self.assertIn(made["IOTMONITOR_SETUP_CODE"], told)

    def test_azd_gives_the_template_every_secret_that_its_hooks_make(self):
        parameters = (ROOT / "infra/main.parameters.json").read_text()
        for name in re.findall(r"azd env set (IOTMONITOR_\w+)", self.hook("preprovision")):
            self.assertRegex(parameters, rf"\$\{{{name}\b")


if __name__ == "__main__":
    sys.exit(0 if unittest.main(exit=False, verbosity=1).result.wasSuccessful() else 1)
