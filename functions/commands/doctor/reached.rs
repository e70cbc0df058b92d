//! What is told by asking others: sources and the mail server.

use app::ports::{Exposure, Mailer, SourceError, SourceKey};

use super::check::{Check, fail, ok, skip, warn};

/// An address that InternetDB always answers for.
const ASKED_ABOUT: [u8; 4] = [1, 1, 1, 1];

/// Does the source answer, and to our key?
pub(super) async fn source(exposure: &dyn Exposure, key: Option<&String>) -> Check {
    let Some(key) = key else {
        let found = exposure.host(&SourceKey::InternetDb, ASKED_ABOUT.into()).await;
        return match found {
            Ok(_) => ok("sources", "InternetDB answers; no Shodan key is set"),
            Err(error) => fail(
                "sources",
                format!("InternetDB: {error}. Is outbound https open, and IOTMONITOR_INTERNETDB_URL right?"),
            ),
        };
    };
    match exposure.account(&SourceKey::Shodan(key.clone())).await {
        Ok(account) if account.query_credits == Some(0) => warn(
            "sources",
            format!(
                "Shodan answers: plan {}, and no query credits are left this month: searches wait, single addresses go on",
                account.plan
            ),
        ),
        Ok(account) => {
            let credits = account.query_credits.map_or_else(|| "no limit of".to_owned(), |credits| credits.to_string());
            ok("sources", format!("Shodan answers: plan {}, {credits} query credits left", account.plan))
        }
        Err(SourceError::BadKey) => fail("sources", "Shodan does not know the key: check IOTMONITOR_SHODAN_KEY"),
        Err(error) => {
            fail("sources", format!("Shodan: {error}. Is outbound https open, and IOTMONITOR_SHODAN_URL right?"))
        }
    }
}

/// Does the mail server greet us?
pub(super) async fn mail(mailer: &dyn Mailer) -> Check {
    if !mailer.configured() {
        return skip("mail", "no mail server is set up: set IOTMONITOR_SMTP_URL and IOTMONITOR_MAIL_FROM to send mail");
    }
    match mailer.check().await {
        Ok(()) => ok("mail", "the mail server greets us"),
        Err(error) => fail("mail", format!("{}. Check IOTMONITOR_SMTP_URL", error.message)),
    }
}
