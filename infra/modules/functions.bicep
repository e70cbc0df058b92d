// The function app on Flex Consumption, with the program as its custom handler.
param name string
param location string
param tags object
param identityId string
param clientId string
param storageName string
param packageContainer string
param insightsConnectionString string
@description('Empty: no virtual network.')
param subnetId string
param instanceMemoryMB int
param maximumInstanceCount int
param alwaysReadyHttp int
param pollSchedule string
param registration string
param publicUrl string
param mailFrom string
@description('Settings that refer to secrets.')
param secrets object

var ownUrl = 'https://${name}.azurewebsites.net'

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { tier: 'FlexConsumption', name: 'FC1' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  // azd finds where to deploy by this tag.
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: { minTlsVersion: '1.2', http20Enabled: true }
    functionAppConfig: {
      // With any other version the app is accepted and never starts.
      runtime: { name: 'custom', version: '1.0' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyHttp > 0 ? [{ name: 'http', instanceCount: alwaysReadyHttp }] : []
        // An answer takes milliseconds: a second instance is not needed for a fifth request.
        triggers: { http: { perInstanceConcurrency: 64 } }
      }
    }
  }
}

var ownSettings = {
  AzureWebJobsStorage__accountName: storageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: clientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
  AzureWebJobsDisableHomepage: 'true'
  IOTMONITOR_POLL_SCHEDULE: pollSchedule
  IOTMONITOR_PUBLIC_URL: empty(publicUrl) ? ownUrl : publicUrl
  IOTMONITOR_REGISTRATION: registration
  IOTMONITOR_MAIL_FROM: mailFrom
  IOTMONITOR_LOG_FORMAT: 'json'
}

resource settings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(ownSettings, secrets)
}

// Publishing by user and password is off: deployments come with an identity.
resource ftp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource scm 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

output name string = app.name
output url string = empty(publicUrl) ? ownUrl : publicUrl
