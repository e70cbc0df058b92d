use std::fmt;

use sources::ListPlace;
use url::Url;

use super::{ConfigError, Environment, Setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting::secret(
        "IOTMONITOR_SHODAN_KEY",
        "the instance's Shodan key; an organization's own goes first; none: InternetDB only",
    ),
    Setting::open("IOTMONITOR_SHODAN_URL", "https://api.shodan.io", "where Shodan is asked"),
    Setting::open(
        "IOTMONITOR_SHODAN_STREAM_URL",
        "https://stream.shodan.io",
        "where serve listens to Shodan Monitor; not named where IOTMONITOR_SHODAN_URL is: nowhere",
    ),
    Setting::open(
        "IOTMONITOR_SHODAN_EXPLOITS_URL",
        "https://exploits.shodan.io",
        "where Shodan's exploits are asked for",
    ),
    Setting::open("IOTMONITOR_INTERNETDB_URL", "https://internetdb.shodan.io", "where InternetDB is asked"),
    Setting::open("IOTMONITOR_CVEDB_URL", "https://cvedb.shodan.io", "where vulnerabilities are looked up"),
    Setting::open(
        "IOTMONITOR_KEV_URL",
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
        "where the list of known exploited vulnerabilities is",
    ),
    Setting::open("IOTMONITOR_EPSS_URL", "https://api.first.org", "where the likelihood of exploitation is asked for"),
    Setting::open(
        "IOTMONITOR_EPSS_FILE_URL",
        "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
        "the file of all likelihoods of the day, which is read where more than 300 are wanted",
    ),
    Setting::open(
        "IOTMONITOR_SSVC_URL",
        "https://raw.githubusercontent.com/cisagov/vulnrichment/develop",
        "the folder of CISA's Vulnrichment",
    ),
    Setting::open(
        EXPLOIT_DB,
        "",
        "Exploit-DB's list of exploits (files_exploits.csv), a URL or a file: it tells of exploits where Shodan does not, \
         and counts in scores; none: not asked",
    ),
    Setting::open(METASPLOIT, "", "Metasploit's list of modules (modules_metadata_base.json), likewise"),
];

const EXPLOIT_DB: &str = "IOTMONITOR_EXPLOITDB_LIST";
const METASPLOIT: &str = "IOTMONITOR_METASPLOIT_LIST";

/// Where facts come from, and with which key.
#[derive(Clone)]
pub struct SourceAddresses {
    /// The instance's Shodan key.
    pub shodan_key: Option<String>,
    /// Shodan.
    pub shodan: Url,
    /// Shodan's streams. `None`: somebody else stands for Shodan, and has none.
    pub stream: Option<Url>,
    /// Shodan's exploits.
    pub exploits: Url,
    /// InternetDB.
    pub internetdb: Url,
    /// `CVEdb`.
    pub cvedb: Url,
    /// CISA's list.
    pub kev: Url,
    /// FIRST's EPSS.
    pub epss: Url,
    /// All of it, as a file.
    pub epss_file: Url,
    /// CISA's judgements.
    pub ssvc: Url,
    /// Exploit-DB's list.
    pub exploit_db: Option<ListPlace>,
    /// Metasploit's list.
    pub metasploit: Option<ListPlace>,
}

impl SourceAddresses {
    pub(super) fn read(environment: &Environment) -> Result<Self, ConfigError> {
        Ok(Self {
            shodan_key: environment.secret("IOTMONITOR_SHODAN_KEY")?,
            shodan: address(environment, "IOTMONITOR_SHODAN_URL")?,
            stream: stream(environment)?,
            exploits: address(environment, "IOTMONITOR_SHODAN_EXPLOITS_URL")?,
            internetdb: address(environment, "IOTMONITOR_INTERNETDB_URL")?,
            cvedb: address(environment, "IOTMONITOR_CVEDB_URL")?,
            kev: address(environment, "IOTMONITOR_KEV_URL")?,
            epss: address(environment, "IOTMONITOR_EPSS_URL")?,
            epss_file: address(environment, "IOTMONITOR_EPSS_FILE_URL")?,
            ssvc: address(environment, "IOTMONITOR_SSVC_URL")?,
            exploit_db: list(environment, EXPLOIT_DB)?,
            metasploit: list(environment, METASPLOIT)?,
        })
    }
}

/// Who is sent to another Shodan is not sent to the true one's streams, too.
fn stream(environment: &Environment) -> Result<Option<Url>, ConfigError> {
    let name = "IOTMONITOR_SHODAN_STREAM_URL";
    let elsewhere =
        address(environment, "IOTMONITOR_SHODAN_URL")? != address(&Environment::default(), "IOTMONITOR_SHODAN_URL")?;
    if elsewhere && environment.text(name).is_none() {
        return Ok(None);
    }
    address(environment, name).map(Some)
}

/// A list that nobody need have. What is no URL is a file.
fn list(environment: &Environment, name: &'static str) -> Result<Option<ListPlace>, ConfigError> {
    let Some(place) = environment.text(name) else { return Ok(None) };
    if !place.contains("://") {
        return Ok(Some(ListPlace::Path(place.into())));
    }
    let url = Url::parse(place).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    let url =
        url.ok_or_else(|| ConfigError::invalid(name, "write a URL such as https://example.com/list, or a file"))?;
    Ok(Some(ListPlace::Url(url)))
}

/// The variable, else the public address that the table above names.
fn address(environment: &Environment, name: &'static str) -> Result<Url, ConfigError> {
    let public = SETTINGS.iter().find(|setting| setting.name == name).map_or("", |setting| setting.example);
    let url = Url::parse(environment.text(name).unwrap_or(public));
    let fine = url.ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some());
    fine.ok_or_else(|| ConfigError::invalid(name, format!("write a URL such as {public}")))
}

/// Without the key.
impl fmt::Debug for SourceAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.shodan_key.as_ref().map(|_| "…");
        let (shodan, internetdb) = (self.shodan.as_str(), self.internetdb.as_str());
        f.debug_struct("SourceAddresses")
            .field("shodan_key", &key)
            .field("shodan", &shodan)
            .field("internetdb", &internetdb)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_its_public_address_and_may_have_another() {
        let sources = SourceAddresses::read(&Environment::default()).unwrap();
        assert_eq!(sources.cvedb.as_str(), "https://cvedb.shodan.io/");
        let own =
            SourceAddresses::read(&Environment::of([("IOTMONITOR_SHODAN_URL", "http://127.0.0.1:9/shodan")])).unwrap();
        assert_eq!(own.shodan.path(), "/shodan");
        assert_eq!(own.stream, None);
        assert_eq!(sources.stream.unwrap().as_str(), "https://stream.shodan.io/");
        assert_eq!((sources.exploit_db, sources.metasploit), (None, None));
        let named = [(EXPLOIT_DB, "/srv/files_exploits.csv"), (METASPLOIT, "https://lists.example/modules.json")];
        let lists = SourceAddresses::read(&Environment::of(named)).unwrap();
        assert_eq!(lists.exploit_db, Some(ListPlace::Path("/srv/files_exploits.csv".into())));
        assert!(matches!(lists.metasploit, Some(ListPlace::Url(url)) if url.path() == "/modules.json"));
        assert!(SourceAddresses::read(&Environment::of([(EXPLOIT_DB, "file:///etc/passwd")])).is_err());
        for wrong in ["shodan", "ftp://x", "file:///etc/passwd"] {
            assert!(SourceAddresses::read(&Environment::of([("IOTMONITOR_KEV_URL", wrong)])).is_err(), "{wrong}");
        }
    }
}
