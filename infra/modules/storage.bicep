// One account for the Functions host (blobs) and the program (tables, queues). Shared keys are off: who gets in has a role.
param name string
param location string
param tags object
@description('Closed to the Internet: only private endpoints lead in.')
param closed bool

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_206:One region is what the monitor needs: it can be made anew, and copies cost twice as much.
  // checkov:skip=CKV_AZURE_35:Without a virtual network the app comes over the Internet; roles keep everybody else out.
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: closed ? 'Disabled' : 'Enabled'
    networkAcls: { defaultAction: closed ? 'Deny' : 'Allow', bypass: 'None' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: { deleteRetentionPolicy: { enabled: true, days: 7 } }
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'packages'
  properties: { publicAccess: 'None' }
}

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
}

// The program would make what is missing; made here, its first start is as fast as any.
var tableNames = ['accounts', 'assets', 'exposure', 'schedule', 'deliveries', 'intelligence', 'limits']

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [
  for table in tableNames: {
    parent: tableService
    name: table
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

// The host moves a message that fails five times to the second; the program turns it into a state of its delivery.
var queueNames = ['notifications', 'notifications-poison']

resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [
  for queue in queueNames: {
    parent: queueService
    name: queue
  }
]

output name string = account.name
output packageContainer string = '${account.properties.primaryEndpoints.blob}${packages.name}'
