// What somebody has to look at although nobody asks: polls that fail, messages that nobody could handle, notifications that
// reached nobody. The program logs the latter two in these words (a test holds them against its sources); a query every quarter of an hour finds
// them.
param name string
param location string
param tags object
param email string
param workspaceId string
param insightsId string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'iotmonitor'
    enabled: true
    emailReceivers: [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var rules = [
  {
    name: 'polls-fail'
    text: 'Polls fail'
    why: 'The timer ran and the poll ended with an error three times in an hour: nothing new is seen.'
    query: 'requests | where operation_Name == "poll" and success == false'
    window: 'PT1H'
    threshold: 2
  }
  {
    name: 'polls-missing'
    text: 'No poll for an hour'
    why: 'The timer did not run: look at IOTMONITOR_POLL_SCHEDULE and at the host\'s start-up errors.'
    query: 'requests | where operation_Name == "poll" | summarize polls = count() | where polls == 0 | project missing = 1'
    window: 'PT1H'
    threshold: 0
  }
  {
    name: 'poison'
    text: 'A notification could not be handled'
    why: 'A message failed five times and was put aside; its delivery says so. The log has the cause.'
    query: 'traces | where message has "poison"'
    window: 'PT15M'
    threshold: 0
  }
  {
    name: 'exhausted'
    text: 'A notification reached nobody'
    why: 'All attempts of a delivery failed. The receiver is down, or its address is wrong: see its channel.'
    query: 'traces | where message has "exhausted"'
    window: 'PT15M'
    threshold: 0
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-03-15-preview' = [
  for rule in rules: {
    name: '${name}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'iotmonitor: ${rule.text}'
      description: rule.why
      severity: 2
      enabled: true
      scopes: [insightsId]
      targetResourceTypes: ['Microsoft.Insights/components']
      evaluationFrequency: 'PT15M'
      windowSize: rule.window
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id], customProperties: { workspace: workspaceId } }
    }
  }
]
