//! `docs/configure.md`: every variable with its meaning, section by section, as people read it.

use std::fmt::Write as _;

use super::{Setting, egress, log, mail, openid, people, secrets, server, sources, storage, telemetry};

const BEGINNING: &str = "\
# Configure

Settings are environment variables, read once at the start; `iotmonitor doctor` says what is wrong with them. On a server they stand in
`/etc/iotmonitor/settings`, on Azure in the app's settings, for Core Tools in `local.settings.json`. A variable that is empty is the same as
one that is not set. A *secret* may come as a file instead: `NAME_FILE` names it.

This page is made by `iotmonitor config reference`; `iotmonitor config example` prints the same as `local.settings.json`.
";

const SECTIONS: [(&str, &[Setting]); 10] = [
    ("Where things are kept", storage::SETTINGS),
    ("What seals secrets", secrets::SETTINGS),
    ("How it is woken and reached", server::SETTINGS),
    ("Who may register", people::SETTINGS),
    ("Signing in through a provider", openid::SETTINGS),
    ("Where facts come from", sources::SETTINGS),
    ("Mail", mail::SETTINGS),
    ("What may be reached and watched although it is private", egress::SETTINGS),
    ("The log", log::SETTINGS),
    ("Traces", telemetry::SETTINGS),
];

/// The content of the page.
pub fn reference() -> String {
    let mut page = BEGINNING.to_owned();
    for (heading, settings) in SECTIONS {
        // Writing to a text cannot fail.
        let _ = write!(page, "\n## {heading}\n\n| variable | means | such as |\n| --- | --- | --- |\n");
        for Setting { name, meaning, example, secret } in settings {
            let secret = if *secret { " *secret*" } else { "" };
            let example = if example.is_empty() { String::new() } else { format!("`{example}`") };
            let _ = writeln!(
                page,
                "| `{name}`{secret} | {} | {example} |",
                meaning.replace('|', "\\|").replace('<', "\\<")
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_of_the_program_is_on_the_page() {
        let page = reference();
        let missing = crate::config::settings().find(|setting| !page.contains(&format!("| `{}`", setting.name)));
        assert_eq!(missing, None);
    }
}
