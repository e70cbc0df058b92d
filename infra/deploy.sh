#!/usr/bin/env bash
# Deploys with the Azure CLI alone, for those without azd: the same templates, the same package.
#
#   infra/deploy.sh NAME REGION
#
# Asks for nothing. What may be set before: IOTMONITOR_SECRET_KEY, IOTMONITOR_SETUP_CODE, IOTMONITOR_SHODAN_KEY,
# IOTMONITOR_SMTP_URL, IOTMONITOR_MAIL_FROM, IOTMONITOR_PUBLIC_URL, IOTMONITOR_ALERT_EMAIL. Run again to update: what is not
# set then stays as it is, secrets out of the vault and the rest out of the deployment before; what is set to nothing goes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name=${1:?usage: infra/deploy.sh NAME REGION}
region=${2:?usage: infra/deploy.sh NAME REGION}
group="rg-$name"

for tool in az cargo openssl python3; do
  command -v "$tool" >/dev/null || { echo "infra/deploy.sh needs $tool" >&2; exit 1; }
done
az account show --output none || { echo "sign in first: az login" >&2; exit 1; }

vault=$(az keyvault list --resource-group "$group" --query '[0].name' --output tsv 2>/dev/null || true)

# A secret that an earlier deployment keeps; nothing, if there is none. One that cannot be read must not be taken for none:
# with a new secret key, what was sealed with the old one would stay closed.
kept() {
  [ -n "$vault" ] || return 0
  local names
  if ! names=$(az keyvault secret list --vault-name "$vault" --query '[].name' --output tsv); then
    echo "the secrets of $vault cannot be read: take the role Key Vault Secrets User on it, or set them all" >&2
    return 1
  fi
  grep -qx "$1" <<<"$names" || return 0
  az keyvault secret show --vault-name "$vault" --name "$1" --query value --output tsv
}
# A parameter of the deployment before.
before() {
  [ -n "$vault" ] || return 0
  az deployment sub show --name "iotmonitor-$name" --query "properties.parameters.$1.value" --output tsv 2>/dev/null || true
}

secret_key=${IOTMONITOR_SECRET_KEY:-$(kept secret-key)}
setup_code=${IOTMONITOR_SETUP_CODE-$(kept setup-code)}
shodan_key=${IOTMONITOR_SHODAN_KEY-$(kept shodan-key)}
smtp_url=${IOTMONITOR_SMTP_URL-$(kept smtp-url)}
mail_from=${IOTMONITOR_MAIL_FROM-$(before mailFrom)}
public_url=${IOTMONITOR_PUBLIC_URL-$(before publicUrl)}
alert_email=${IOTMONITOR_ALERT_EMAIL-$(before alertEmail)}
if [ -z "$secret_key" ] && [ "$(az group exists --name "$group")" = true ]; then
  echo "$group is there, but no secret key is kept in it: set IOTMONITOR_SECRET_KEY" >&2
  exit 1
fi
secret_key=${secret_key:-$(openssl rand -base64 32)}
[ -n "$vault" ] || setup_code=${setup_code:-$(openssl rand -hex 16)}

cargo xtask package azure --target x86_64-unknown-linux-musl

# Secrets go in by a file that only this user can read, not by the command line.
parameters=$(mktemp)
trap 'rm -f "$parameters"' EXIT
name=$name region=$region secret_key=$secret_key setup_code=$setup_code shodan_key=$shodan_key smtp_url=$smtp_url \
  mail_from=$mail_from public_url=$public_url alert_email=$alert_email python3 - "$parameters" <<'PYTHON'
import json, os, sys
named = {
    "environmentName": "name", "location": "region", "secretKey": "secret_key", "setupCode": "setup_code",
    "shodanKey": "shodan_key", "smtpUrl": "smtp_url", "mailFrom": "mail_from", "publicUrl": "public_url",
    "alertEmail": "alert_email",
}
given = {parameter: {"value": os.environ[variable]} for parameter, variable in named.items()}
with open(sys.argv[1], "w") as file:
    json.dump({"parameters": given}, file)
PYTHON

az deployment sub create --name "iotmonitor-$name" --location "$region" --template-file infra/main.bicep \
  --parameters "@$parameters" --output none
output() { az deployment sub show --name "iotmonitor-$name" --query "properties.outputs.$1.value" --output tsv; }

az functionapp deployment source config-zip --resource-group "$group" --name "$(output AZURE_FUNCTION_APP_NAME)" \
  --src dist/azure.zip --output none

echo "GraphQL:    $(output IOTMONITOR_GRAPHQL_URL)"
[ -z "$setup_code" ] || echo "Setup code: $setup_code   (register the first person with it)"
