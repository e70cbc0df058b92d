use anyhow::{Context, Result, ensure};
use app::access::{NewApiToken, bootstrap, create_api_token};
use app::assets::{OnExisting, Outcome, import, read_csv};
use app::notify::{NewEmail, NewWebhook, create_email, create_webhook};
use domain::role::Scope;
use sources::simulator::DEMO_ASSETS;

use super::inbox::Inbox;
use super::kept::Kept;
use crate::commands::user::password;
use crate::http::Program;

pub(super) const EMAIL: &str = "ops@plant.example";

/// One organization with its owner, a token, two channels and what it watches. The channels come first, so that they
/// hear of everything.
pub(super) async fn set_up(program: &Program, inbox: &Inbox) -> Result<Kept> {
    program.ready().await?;
    let app = &program.app;
    let password = password(&*app.ids);
    let owner = bootstrap(app, EMAIL, &password, "Plant operations", Some("Acme Utilities")).await?;
    let scopes = Scope::ALL.into_iter().collect();
    let token = NewApiToken { name: "demo".into(), scopes, expires_at: None };
    let (_, token) = create_api_token(app, &owner, token).await?;
    let webhook = NewWebhook {
        name: "Webhook inbox".into(),
        url: format!("http://{}/inbox", inbox.address()),
        ..NewWebhook::default()
    };
    let (_, secret) = create_webhook(app, &owner, webhook).await?;
    let secret = secret.context("a webhook that is signed with a shared secret has one")?;
    let email =
        NewEmail { name: "Mail inbox".into(), recipients: vec![EMAIL.into()], confirmed: true, ..NewEmail::default() };
    create_email(app, &owner, email).await?;
    for row in import(app, &owner, read_csv(DEMO_ASSETS), OnExisting::Skip, false).await? {
        let faults: Vec<&str> = row.faults.iter().map(|fault| fault.message.as_str()).collect();
        ensure!(row.outcome != Outcome::Rejected, "an asset of the demonstration is refused: {}", faults.join("; "));
    }
    Ok(Kept { password, token, secret, inbox_port: inbox.address().port() })
}
