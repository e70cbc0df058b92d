#!/usr/bin/env bash
# Deploys with the Azure CLI alone, for those without azd: the same templates, the same package.
#
#   infra/deploy.sh NAME REGION
#
# Asks for nothing. What may be set before: IOTMONITOR_SECRET_KEY, IOTMONITOR_SETUP_CODE, IOTMONITOR_SHODAN_KEY,
# IOTMONITOR_SMTP_URL, IOTMONITOR_MAIL_FROM, IOTMONITOR_PUBLIC_URL, IOTMONITOR_ALERT_EMAIL. Run again to update: secrets
# that are not set then are read back from the vault.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=${1:?usage: infra/deploy.sh NAME REGION}
region=${2:?usage: infra/deploy.sh NAME REGION}
group="rg-$name"

for tool in az cargo zip openssl; do
  command -v "$tool" >/dev/null || { echo "infra/deploy.sh needs $tool" >&2; exit 1; }
done
az account show --output none || { echo "sign in first: az login" >&2; exit 1; }

# What an earlier deployment keeps: a new secret key would make stored secrets unreadable.
kept() {
  local vault
  vault=$(az keyvault list --resource-group "$group" --query '[0].name' --output tsv 2>/dev/null || true)
  [ -z "$vault" ] || az keyvault secret show --vault-name "$vault" --name "$1" --query value --output tsv 2>/dev/null || true
}

secret_key=${IOTMONITOR_SECRET_KEY:-$(kept secret-key)}
setup_code=${IOTMONITOR_SETUP_CODE:-$(kept setup-code)}
if [ -z "$secret_key" ] && [ "$(az group exists --name "$group")" = true ]; then
  echo "$group is there, but its secret key cannot be read: set IOTMONITOR_SECRET_KEY" >&2
  exit 1
fi
secret_key=${secret_key:-$(openssl rand -base64 32)}
setup_code=${setup_code:-$(openssl rand -hex 16)}

cargo xtask package azure --target x86_64-unknown-linux-musl

# Secrets go in by a file that only this user can read, not by the command line.
parameters=$(mktemp)
trap 'rm -f "$parameters"' EXIT
python3 - "$parameters" <<PYTHON
import json, os, sys
given = {
    "environmentName": "$name", "location": "$region", "secretKey": "$secret_key", "setupCode": "$setup_code",
    "shodanKey": os.environ.get("IOTMONITOR_SHODAN_KEY", ""), "smtpUrl": os.environ.get("IOTMONITOR_SMTP_URL", ""),
    "mailFrom": os.environ.get("IOTMONITOR_MAIL_FROM", ""), "publicUrl": os.environ.get("IOTMONITOR_PUBLIC_URL", ""),
    "alertEmail": os.environ.get("IOTMONITOR_ALERT_EMAIL", ""),
}
json.dump({"parameters": {key: {"value": value} for key, value in given.items()}}, open(sys.argv[1], "w"))
PYTHON

az deployment sub create --name "iotmonitor-$name" --location "$region" --template-file infra/main.bicep \
  --parameters "@$parameters" --output none
output() { az deployment sub show --name "iotmonitor-$name" --query "properties.outputs.$1.value" --output tsv; }

az functionapp deployment source config-zip --resource-group "$group" --name "$(output AZURE_FUNCTION_APP_NAME)" \
  --src dist/azure.zip --output none

echo "GraphQL:    $(output IOTMONITOR_GRAPHQL_URL)"
echo "Setup code: $setup_code   (register the first person with it)"
