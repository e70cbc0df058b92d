use std::borrow::Cow;

use jiff::Timestamp;

use crate::lenient::{Object, digits, instant, integer, line, string, truth};
use crate::{Error, Shodan, answer};

/// A key's plan and what is left of it. `None`: not said, or without a limit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiInfo {
    /// The plan's name, as Shodan calls it: [`crate::Plan::named`] knows some.
    pub plan: String,
    /// Query credits left this month.
    pub query_credits: Option<u64>,
    /// Scan credits left this month.
    pub scan_credits: Option<u64>,
    /// Addresses that are monitored now.
    pub monitored_ips: Option<u64>,
    /// Addresses that may be monitored.
    pub monitored_ips_limit: Option<u64>,
    /// May it see what is behind TLS?
    pub https: bool,
    /// May it see Telnet?
    pub telnet: bool,
    /// May it see more than the first page?
    pub unlocked: bool,
}

impl ApiInfo {
    /// Addresses that may still be monitored.
    pub fn monitored_ips_left(&self) -> Option<u64> {
        self.monitored_ips_limit.map(|limit| limit.saturating_sub(self.monitored_ips.unwrap_or(0)))
    }
}

/// Whom the key belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Has it paid for a membership?
    pub member: bool,
    /// Export credits.
    pub credits: Option<u64>,
    /// Name, where one was given.
    pub display_name: Option<String>,
    /// Since when.
    pub created: Option<Timestamp>,
}

impl Shodan {
    /// `GET /api-info`: the plan of the key and what is left of it. Free.
    pub async fn api_info(&self) -> Result<ApiInfo, Error> {
        self.ask(self.get(&["api-info"]), |text| Ok(api_info(&answer::object(text)?))).await
    }

    /// `GET /account/profile`: whom the key belongs to. Free.
    pub async fn profile(&self) -> Result<Profile, Error> {
        self.ask(self.get(&["account", "profile"]), |text| {
            let profile = answer::object(text)?;
            Ok(Profile {
                member: profile.read("member", truth).unwrap_or(false),
                credits: profile.read("credits", integer),
                display_name: profile.read("display_name", digits).map(Cow::into_owned),
                created: profile.read("created", string).and_then(|at| instant(&at)),
            })
        })
        .await
    }
}

fn api_info(info: &Object<'_>) -> ApiInfo {
    let limits = info.object("usage_limits");
    // A limit of -1 means none: then what is "left" is a number that says nothing.
    let left = |name: &str| {
        let unlimited = limits.read(name, integer::<i64>).is_some_and(|limit| limit < 0);
        info.read(name, integer::<u64>).filter(|_| !unlimited)
    };
    let may = |name: &str| info.read(name, truth).unwrap_or(false);
    ApiInfo {
        plan: info.read("plan", string).and_then(|plan| line(&plan, 64)).unwrap_or_default(),
        query_credits: left("query_credits"),
        scan_credits: left("scan_credits"),
        monitored_ips: info.read("monitored_ips", integer),
        monitored_ips_limit: limits.read("monitored_ips", integer),
        https: may("https"),
        telnet: may("telnet"),
        unlocked: may("unlocked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> ApiInfo {
        api_info(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_is_left_is_told_and_no_limit_is_none() {
        let limited = read(
            r#"{"plan":"dev","query_credits":95,"scan_credits":null,"monitored_ips":3,
                "usage_limits":{"query_credits":100,"scan_credits":100,"monitored_ips":16}}"#,
        );
        assert_eq!((limited.plan.as_str(), limited.query_credits, limited.scan_credits), ("dev", Some(95), None));
        assert_eq!(limited.monitored_ips_left(), Some(13));
        let unlimited = read(
            r#"{"plan":"stream-100","query_credits":100000,"scan_credits":-1,"monitored_ips":19,
                "usage_limits":{"query_credits":-1,"scan_credits":-1,"monitored_ips":-1}}"#,
        );
        assert_eq!((unlimited.query_credits, unlimited.scan_credits), (None, None));
        assert_eq!(unlimited.monitored_ips_left(), None);
    }

    #[test]
    fn the_account_of_an_old_plan_has_no_limits_in_it() {
        let old = read(r#"{"plan":"plus","query_credits":100,"scan_credits":100,"https":true}"#);
        assert_eq!((old.query_credits, old.monitored_ips_left(), old.https), (Some(100), None, true));
    }
}
