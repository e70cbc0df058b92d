use sources::simulator::Simulator;

use super::Wishes;

/// Shodan's key, which must be told to Shodan alone.
pub(crate) const KEY: &str = "A-KEY-THAT-MUST-NOT-LEAK";
/// Makes the first owner.
pub(crate) const SETUP_CODE: &str = "first-come-first-served";
/// The password of everybody.
pub(crate) const PASSWORD: &str = "a long enough pass phrase";

/// What the modes have in common. Every source is named, so that no request can leave this machine.
pub(super) fn of(simulator: &Simulator, wishes: &Wishes) -> Vec<(String, String)> {
    let mut settings: Vec<(String, String)> = Vec::new();
    let mut set = |name: &str, value: String| settings.push((name.to_owned(), value));
    for (source, url) in [
        ("SHODAN", simulator.shodan_url()),
        ("SHODAN_EXPLOITS", simulator.exploits_url()),
        ("INTERNETDB", simulator.internetdb_url()),
        ("CVEDB", simulator.cvedb_url()),
        ("KEV", simulator.kev_url()),
        ("EPSS", simulator.epss_url()),
        ("EPSS_FILE", simulator.epss_file_url()),
        ("SSVC", simulator.ssvc_url()),
    ] {
        set(&format!("IOTMONITOR_{source}_URL"), url.to_string());
    }
    set("IOTMONITOR_SETUP_CODE", SETUP_CODE.into());
    set("IOTMONITOR_LOG_FORMAT", "json".into());
    set("IOTMONITOR_EGRESS_ALLOW", "127.0.0.0/8".into());
    set("IOTMONITOR_TARGET_ALLOW", "198.51.100.0/24,203.0.113.0/24,2001:db8::/32".into());
    if !wishes.keyless {
        set("IOTMONITOR_SHODAN_KEY", KEY.into());
    }
    if let Some(mailbox) = &wishes.mailbox {
        set("IOTMONITOR_SMTP_URL", mailbox.url());
        set("IOTMONITOR_MAIL_FROM", "IoT monitor <alerts@iot.example>".into());
    }
    wishes.settings.iter().for_each(|(name, value)| set(name, (*value).to_owned()));
    settings
}
