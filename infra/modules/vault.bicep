// The secrets that an operator gives. Settings refer to them; nobody reads them in the portal's list of settings.
param name string
param location string
param tags object
@secure()
param secretKey string
@secure()
param setupCode string
@secure()
param shodanKey string
@secure()
param smtpUrl string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: { family: 'A', name: 'standard' }
    tenantId: tenant().tenantId
    enableRbacAuthorization: true
    enableSoftDelete: true
    // Without the secret key nothing that was sealed can be opened again: it cannot be purged by mistake.
    enablePurgeProtection: true
    softDeleteRetentionInDays: 30
  }
}

resource secretKeySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'secret-key'
  properties: { value: secretKey, contentType: 'base64' }
}

resource setupCodeSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(setupCode)) {
  parent: vault
  name: 'setup-code'
  properties: { value: setupCode, contentType: 'text/plain' }
}

resource shodanKeySecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(shodanKey)) {
  parent: vault
  name: 'shodan-key'
  properties: { value: shodanKey, contentType: 'text/plain' }
}

resource smtpUrlSecret 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(smtpUrl)) {
  parent: vault
  name: 'smtp-url'
  properties: { value: smtpUrl, contentType: 'text/plain' }
}

var uri = '${vault.properties.vaultUri}secrets'
var always = { IOTMONITOR_SECRET_KEY: '@Microsoft.KeyVault(SecretUri=${uri}/secret-key)' }
var setup = empty(setupCode) ? {} : { IOTMONITOR_SETUP_CODE: '@Microsoft.KeyVault(SecretUri=${uri}/setup-code)' }
var shodan = empty(shodanKey) ? {} : { IOTMONITOR_SHODAN_KEY: '@Microsoft.KeyVault(SecretUri=${uri}/shodan-key)' }
var smtp = empty(smtpUrl) ? {} : { IOTMONITOR_SMTP_URL: '@Microsoft.KeyVault(SecretUri=${uri}/smtp-url)' }

output name string = vault.name
@description('Settings that refer to the secrets that are there. No secret is in it.')
output references object = union(always, setup, shodan, smtp)
