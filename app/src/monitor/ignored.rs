use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::cve::CveId;
use domain::finding::{FindingState, TriageReason, Tripwire};
use domain::policy::{FindingMatch, TriagePolicy};
use jiff::SignedDuration;
use serde_json::json;

use crate::access::Caller;
use crate::judging::{NewPolicy, create_policy, policies};
use crate::ports::Alert;
use crate::{App, Error};

/// Shodan ignores for ever; here every decision has an end, and is looked at again.
const LASTS: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A policy that takes the place of services that alerts ignore.
pub(super) struct Planned {
    what: String,
    new: NewPolicy,
}

impl Planned {
    /// In words.
    pub(super) fn describe(&self) -> String {
        format!("accept what is found at {}, until {:.10}", self.what, self.new.until.to_string())
    }
}

/// A policy for each service that is ignored, however many alerts and triggers ignore it, and what cannot become one.
pub(super) fn planned(app: &App, alerts: &[Alert]) -> (Vec<Planned>, Vec<String>) {
    let (mut by_service, mut left) = (BTreeMap::<(IpAddr, u16, Vec<CveId>), Vec<String>>::new(), Vec::new());
    for alert in alerts {
        for trigger in &alert.triggers {
            for service in &trigger.ignored {
                let who = format!("{:?} for {}", alert.name, trigger.name);
                let cves: Option<Vec<CveId>> = service.cves.iter().map(|cve| CveId::parse(cve)).collect();
                match cves {
                    Some(cves) => by_service.entry((service.ip, service.port, cves)).or_default().push(who),
                    None => left.push(format!(
                        "alert {who} ignores {:?} at {}:{}, of which not all are CVEs: accept its findings here",
                        service.cves, service.ip, service.port
                    )),
                }
            }
        }
    }
    let plan = |((ip, port, cves), who): ((IpAddr, u16, Vec<CveId>), Vec<String>)| {
        let mut findings = json!({"ip": ip, "ports": [port]});
        let mut what = format!("{ip}:{port}");
        if !cves.is_empty() {
            let names: Vec<String> = cves.iter().map(|cve| cve.as_str().to_owned()).collect();
            what = format!("{what} ({})", names.join(", "));
            findings["cves"] = json!(names);
        }
        let note = format!("Ignored by these alerts of Shodan Monitor: {}", who.join(", "));
        let new = NewPolicy {
            name: format!("Shodan ignores {what}").chars().take(200).collect(),
            findings,
            state: FindingState::Accepted,
            reason: TriageReason::AcceptableRisk,
            note: note.chars().take(4_000).collect(),
            approved_by: None,
            until: app.now() + LASTS,
            tripwires: vec![Tripwire::AddedToKev, Tripwire::BecameVerified],
            epss_above: None,
        };
        Planned { what, new }
    };
    (by_service.into_iter().map(plan).collect(), left)
}

/// Makes the policies that are not there yet. Returns them, and what could not be made.
pub(super) async fn make(
    app: &App,
    caller: &Caller,
    planned: Vec<Planned>,
) -> Result<(Vec<TriagePolicy>, Vec<String>), Error> {
    let there: Vec<FindingMatch> =
        policies(app, caller, Some(app.now())).await?.into_iter().map(|policy| policy.findings).collect();
    let (mut made, mut left) = (Vec::new(), Vec::new());
    for Planned { what, new } in planned {
        let findings = serde_json::from_value::<FindingMatch>(new.findings.clone()).ok();
        if findings.is_some_and(|findings| there.contains(&findings)) {
            continue;
        }
        match create_policy(app, caller, new, false, None).await {
            Ok((policy, _)) => made.extend(policy),
            Err(Error::User(faults)) => {
                let why: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
                left.push(format!("what alerts ignore at {what}: {}", why.join("; ")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok((made, left))
}
