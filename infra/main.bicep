// iotmonitor on Azure Functions, Flex Consumption: one resource group with everything that it needs and nothing that it does not.
//
// Nothing here holds a password: the program reaches storage, telemetry and secrets by one managed identity whose roles stand in
// modules/roles.bicep. Secrets are given as secure parameters, go into Key Vault, and the app's settings refer to them.
targetScope = 'subscription'

@minLength(1)
@maxLength(40)
@description('Name of the environment. Names of resources are made from it.')
param environmentName string

@minLength(1)
@description('Region of all resources. It has to offer Flex Consumption.')
param location string

@allowed([512, 2048, 4096])
@description('Memory of an instance in MB: 512 is a quarter of a core and enough for the program; 2048 is one core.')
param instanceMemoryMB int = 512

@minValue(40)
@maxValue(1000)
@description('How many instances there may be at once. A bound on cost and on what the storage account has to bear.')
param maximumInstanceCount int = 40

@minValue(0)
@maxValue(5)
@description('Instances for HTTP that are always there: no cold start, but billed by the hour. 0: scale to zero.')
param alwaysReadyHttp int = 0

@description('NCRONTAB of the timer that polls what is due.')
param pollSchedule string = '0 * * * * *'

@allowed(['open', 'invited', 'closed'])
@description('Who may register. The first person registers with the setup code whatever stands here.')
param registration string = 'invited'

@secure()
@minLength(44)
@description('32 random bytes in base64 that seal stored secrets; several, separated by commas, while keys are changed: openssl rand -base64 32')
param secretKey string

@secure()
@description('Makes the first OWNER while nobody is registered. Empty: nobody can register before an invitation.')
param setupCode string = ''

@secure()
@description('The Shodan key of organizations that have none of their own. Empty: they are watched by InternetDB.')
param shodanKey string = ''

@secure()
@description('smtp:// or smtps:// with user and password, such as the SMTP relay of Azure Communication Services. Empty: no mail.')
param smtpUrl string = ''

@description('The sender of mails, such as "iotmonitor <alerts@example.com>".')
param mailFrom string = ''

@description('Where people reach the program, with https and without a final slash. Empty: the address that Azure gives it.')
param publicUrl string = ''

@description('Puts the app and its storage into a virtual network; storage is then closed to the Internet.')
param virtualNetwork bool = false

@description('Where alerts are mailed. Empty: no alerts are made.')
param alertEmail string = ''

@minValue(0)
@description('Monthly budget of the resource group in the currency of the subscription; a mail goes out at 80 % and 100 %. 0: none.')
param monthlyBudget int = 0

@description('The budget begins on the first of this month.')
param budgetStart string = utcNow('yyyy-MM-01')

var tags = { 'azd-env-name': environmentName, application: 'iotmonitor' }
var token = take(uniqueString(subscription().id, environmentName, location), 8)

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: 'id-iotmonitor-${token}', location: location, tags: tags }
}

module network 'modules/network.bicep' = if (virtualNetwork) {
  scope: group
  params: { name: 'vnet-iotmonitor-${token}', location: location, tags: tags, storageName: storage.outputs.name }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: { name: 'stiotmonitor${token}', location: location, tags: tags, closed: virtualNetwork }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: { name: 'iotmonitor-${token}', location: location, tags: tags }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    name: 'kv-iotmonitor-${token}'
    location: location
    tags: tags
    secretKey: secretKey
    setupCode: setupCode
    shodanKey: shodanKey
    smtpUrl: smtpUrl
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module functions 'modules/functions.bicep' = {
  scope: group
  // The app reads its secrets when it starts: by then it has to be allowed to.
  dependsOn: [roles]
  params: {
    name: 'func-iotmonitor-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    clientId: identity.outputs.clientId
    storageName: storage.outputs.name
    packageContainer: storage.outputs.packageContainer
    insightsConnectionString: monitoring.outputs.connectionString
    subnetId: virtualNetwork ? network!.outputs.appSubnetId : ''
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyHttp: alwaysReadyHttp
    pollSchedule: pollSchedule
    registration: registration
    publicUrl: publicUrl
    mailFrom: mailFrom
    secrets: vault.outputs.references
  }
}

module alerts 'modules/alerts.bicep' = if (!empty(alertEmail)) {
  scope: group
  params: {
    name: 'iotmonitor-${token}'
    location: location
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    insightsId: monitoring.outputs.insightsId
  }
}

module budget 'modules/budget.bicep' = if (monthlyBudget > 0 && !empty(alertEmail)) {
  scope: group
  params: { name: 'iotmonitor-${token}', amount: monthlyBudget, email: alertEmail, start: budgetStart }
}

@description('The resource group.')
output AZURE_RESOURCE_GROUP string = group.name
@description('The function app, for deployments without azd.')
output AZURE_FUNCTION_APP_NAME string = functions.outputs.name
@description('Where the program answers.')
output IOTMONITOR_URL string = functions.outputs.url
@description('The GraphQL endpoint.')
output IOTMONITOR_GRAPHQL_URL string = '${functions.outputs.url}/graphql'
