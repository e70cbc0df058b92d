use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::lenient::{decimal, digits, string};
use crate::{Error, Shodan, answer};

impl Shodan {
    /// `GET /tools/httpheaders`: the headers with which this request arrived. Free.
    pub async fn http_headers(&self) -> Result<BTreeMap<String, String>, Error> {
        self.ask(self.get(&["tools", "httpheaders"]), |text| {
            let headers = answer::object(text)?;
            let each =
                headers.members().filter_map(|(name, value)| Some((name.to_owned(), digits(value)?.into_owned())));
            Ok(each.collect())
        })
        .await
    }

    /// `GET /tools/myip`: the address from which this request came. Free.
    pub async fn my_ip(&self) -> Result<IpAddr, Error> {
        self.ask(self.get(&["tools", "myip"]), |text| {
            let ip = string(answer::value(text)?).map(Cow::into_owned);
            ip.and_then(|ip| ip.parse().ok()).ok_or_else(Error::unreadable)
        })
        .await
    }

    /// `GET /labs/honeyscore/{ip}`: how likely the address is a honeypot, 0 to 1. Not documented. Free.
    pub async fn honeyscore(&self, ip: IpAddr) -> Result<f64, Error> {
        let call = self.get(&["labs", "honeyscore"]).at(ip);
        self.ask(call, |text| decimal(answer::value(text)?).ok_or_else(Error::unreadable)).await
    }
}
