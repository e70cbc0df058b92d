//! What an expression may name: the roots and their declared fields.
//!
//! A name that is not here is a typo, and is refused with a suggestion. Only the protocols' own blocks are open:
//! what lies below `service.mqtt` is Shodan's to name.

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// A list, of at most [`super::guard::MAX_LIST`] items.
    List,
    /// Fields of its own.
    Group(&'static [Field]),
    /// Any field below it.
    Open,
}

/// A name and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub name: &'static str,
    pub kind: Kind,
}

/// The names that an expression may use.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    pub(super) roots: &'static [Field],
}

impl Vocabulary {
    /// Of rules: `service`, `host`, `asset`.
    pub const RULES: Self = Self { roots: RULES };
    /// Of the triggers of notification channels: `event`, `finding`, `asset`, as the webhook's payload names things.
    pub const TRIGGERS: Self = Self { roots: TRIGGERS };

    pub(super) fn root(&self, name: &str) -> Option<&'static Field> {
        self.roots.iter().find(|root| root.name == name)
    }

    /// Every path that the vocabulary declares, such as `service.tls.expired`; for documentation and completion.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for root in self.roots {
            collect(root, root.name, &mut paths);
        }
        paths
    }

    /// Does the path name something that is declared?
    pub fn declares(&self, path: &str) -> bool {
        let mut parts = path.split('.');
        let Some(mut field) = parts.next().and_then(|root| self.root(root)) else { return false };
        for part in parts {
            match field.kind {
                Kind::Open => return true,
                Kind::Group(fields) => match fields.iter().find(|f| f.name == part) {
                    Some(found) => field = found,
                    None => return false,
                },
                _ => return false,
            }
        }
        true
    }
}

fn collect(field: &Field, path: &str, paths: &mut Vec<String>) {
    match field.kind {
        Kind::Group(fields) => fields.iter().for_each(|f| collect(f, &format!("{path}.{}", f.name), paths)),
        _ => paths.push(path.to_owned()),
    }
}

const fn text(name: &'static str) -> Field {
    Field { name, kind: Kind::Text }
}
const fn number(name: &'static str) -> Field {
    Field { name, kind: Kind::Number }
}
const fn flag(name: &'static str) -> Field {
    Field { name, kind: Kind::Flag }
}
const fn list(name: &'static str) -> Field {
    Field { name, kind: Kind::List }
}
const fn group(name: &'static str, fields: &'static [Field]) -> Field {
    Field { name, kind: Kind::Group(fields) }
}
const fn open(name: &'static str) -> Field {
    Field { name, kind: Kind::Open }
}

const RULES: &[Field] = &[
    group("service", SERVICE),
    group(
        "host",
        &[
            text("ip"),
            list("hostnames"),
            text("asn"),
            text("organization"),
            text("isp"),
            text("os"),
            text("country"),
            list("tags"),
            list("ports"),
            number("openPorts"),
        ],
    ),
    group(
        "asset",
        &[
            text("kind"),
            text("name"),
            list("tags"),
            text("criticality"),
            text("owner"),
            text("site"),
            text("vendor"),
            text("model"),
            text("type"),
            list("allowedServices"),
        ],
    ),
];

const TLS: &[Field] = &[
    list("versions"),
    text("cipher"),
    text("subject"),
    text("issuer"),
    flag("selfSigned"),
    flag("expired"),
    number("expiresInDays"),
    text("notBefore"),
    text("notAfter"),
    number("keyBits"),
    text("signatureAlgorithm"),
];

/// The blocks are those of Shodan's Datapedia (<https://datapedia.shodan.io>), and `mysql`, `ldap` seen in live answers.
const SERVICE: &[Field] = &[
    number("port"),
    text("transport"),
    text("module"),
    text("product"),
    text("version"),
    list("cpes"),
    list("tags"),
    text("banner"),
    group("tls", TLS),
    text("devicetype"),
    open("afp"),
    open("airplay"),
    open("android_debug_bridge"),
    open("bgp"),
    open("bitcoin"),
    open("cassandra"),
    open("checkpoint"),
    open("chromecast"),
    open("cloud"),
    open("coap"),
    open("cobalt_strike_beacon"),
    open("consul"),
    open("couchdb"),
    open("dahua"),
    open("dahua_dvr_web"),
    open("dns"),
    open("docker"),
    open("domoticz"),
    open("elastic"),
    open("etcd"),
    open("ethereum_p2p"),
    open("ethereum_rpc"),
    open("ethernetip"),
    open("ftp"),
    open("handpunch"),
    open("hikvision"),
    open("hive"),
    open("home_assistant"),
    open("homebridge"),
    open("hoobs"),
    open("hp_ilo"),
    open("http"),
    open("hubitat"),
    open("ibm_db2"),
    open("influxdb"),
    open("iota"),
    open("ip_camera"),
    open("ip_symcon"),
    open("ipp_cups"),
    open("isakmp"),
    open("iscsi"),
    open("kafka"),
    open("knx"),
    open("kubernetes"),
    open("lantronix"),
    open("ldap"),
    open("mdns"),
    open("mikrotik_routeros"),
    open("minecraft"),
    open("mitsubishi_q"),
    open("monero"),
    open("mongodb"),
    open("mqtt"),
    open("msrpc"),
    open("mssql"),
    open("mssql_ssrp"),
    open("mysql"),
    open("nats"),
    open("ndmp"),
    open("netbios"),
    open("netgear"),
    open("ntlm"),
    open("ntp"),
    open("openflow"),
    open("openhab"),
    open("openwebnet"),
    open("opts"),
    open("pcworx"),
    open("philips_hue"),
    open("plex"),
    open("qnap"),
    open("rdp"),
    open("realport"),
    open("redis"),
    open("rip"),
    open("ripple"),
    open("rsync"),
    open("samsung_tv"),
    open("screenshot"),
    open("siemens_s7"),
    open("smb"),
    open("snmp"),
    open("sonicwall"),
    open("sonos"),
    open("sony_bravia"),
    open("spotify_connect"),
    open("ssh"),
    open("ssl"),
    open("steam_ihs"),
    open("synology"),
    open("synology_dsm"),
    open("synology_srm"),
    open("tacacs"),
    open("tasmota"),
    open("telnet"),
    open("tibia"),
    open("tp_link_kasa"),
    open("trane"),
    open("ubiquiti"),
    open("unitronics_pcom"),
    open("upnp"),
    open("vault"),
    open("vertx"),
    open("vmware"),
    open("vnc"),
    open("xiaomi_miio"),
    open("yeelight"),
];

const TRIGGERS: &[Field] = &[
    group(
        "event",
        &[
            text("type"),
            text("action"),
            text("at"),
            flag("firstPoll"),
            flag("test"),
            group("actor", &[text("kind"), text("id"), text("name")]),
            list("changes"),
        ],
    ),
    group(
        "finding",
        &[
            text("id"),
            text("rule"),
            text("title"),
            text("category"),
            text("severity"),
            text("confidence"),
            text("state"),
            text("resolution"),
            flag("stale"),
            number("revision"),
            number("riskScore"),
            number("reopenCount"),
            text("dueAt"),
            text("dueBasis"),
            flag("overdue"),
            flag("forensicsRequired"),
            list("cves"),
            flag("knownExploited"),
            text("ip"),
            list("hostnames"),
            number("port"),
            text("transport"),
            group("assignee", &[text("name"), text("email")]),
            open("triage"),
        ],
    ),
    group(
        "asset",
        &[
            text("id"),
            text("externalId"),
            text("name"),
            text("kind"),
            text("target"),
            text("owner"),
            text("ownerEmail"),
            text("criticality"),
            list("tags"),
            text("site"),
            text("vendor"),
            text("model"),
            text("type"),
            text("firmware"),
            text("serialNumber"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::Vocabulary;

    #[test]
    fn only_blocks_are_open_below_their_name() {
        let rules = Vocabulary::RULES;
        assert!(rules.declares("service.mqtt.messages.topic"));
        assert!(rules.declares("service.tls.expired"));
        for undeclared in
            ["service.porrt", "service.port.x", "service.tls.x", "service.vulnerabilities", "finding.id", ""]
        {
            assert!(!rules.declares(undeclared), "{undeclared}");
        }
    }
}
