use app::ports::{Account, SourceError};

use super::Shodan;
use super::read::answer_object;
use super::request::without;
use crate::lenient::{Object, integer, line, repaired, string};

impl Shodan {
    /// `GET /api-info`: the plan of the key and what is left of it. Free.
    pub async fn api_info(&self, key: &str) -> Result<Account, SourceError> {
        let body = self.get_body(key, &["api-info"], &[]).await?;
        let text = repaired(&body);
        answer_object(&text).map(|info| account(&info)).map_err(|error| without(error, key))
    }
}

fn account(info: &Object<'_>) -> Account {
    let limits = info.object("usage_limits");
    // A limit of -1 means none: then what is "left" is a number that says nothing.
    let left = |name: &str| {
        let unlimited = limits.read(name, integer::<i64>).is_some_and(|limit| limit < 0);
        info.read(name, integer::<u64>).filter(|_| !unlimited)
    };
    Account {
        plan: info.read("plan", string).and_then(|plan| line(&plan, 64)).unwrap_or_default(),
        query_credits: left("query_credits"),
        scan_credits: left("scan_credits"),
        // What Shodan tells is how many are monitored; the port wants how many may still be.
        monitored_ips: limits
            .read("monitored_ips", integer::<u64>)
            .map(|limit| limit.saturating_sub(info.read("monitored_ips", integer::<u64>).unwrap_or(0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Account {
        account(&serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_is_left_is_told_and_no_limit_is_none() {
        let limited = read(
            r#"{"plan":"dev","query_credits":95,"scan_credits":null,"monitored_ips":3,
                "usage_limits":{"query_credits":100,"scan_credits":100,"monitored_ips":16}}"#,
        );
        let expected =
            Account { plan: "dev".into(), query_credits: Some(95), scan_credits: None, monitored_ips: Some(13) };
        assert_eq!(limited, expected);
        let unlimited = read(
            r#"{"plan":"stream-100","query_credits":100000,"scan_credits":-1,"monitored_ips":19,
                "usage_limits":{"query_credits":-1,"scan_credits":-1,"monitored_ips":-1}}"#,
        );
        assert_eq!(
            unlimited,
            Account { plan: "stream-100".into(), query_credits: None, scan_credits: None, monitored_ips: None }
        );
    }

    #[test]
    fn the_account_of_an_old_plan_has_no_limits_in_it() {
        let old = read(r#"{"plan":"plus","query_credits":100,"scan_credits":100,"https":true}"#);
        assert_eq!((old.query_credits, old.monitored_ips), (Some(100), None));
    }
}
