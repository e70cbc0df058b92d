use anyhow::Result;
use app::ports::Ids;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{config::print, on_one_thread};
use crate::compose::{Manner, compose};
use crate::config::{Config, Environment};

/// Makes a person with an organization, and prints the password this once.
pub(super) fn add(
    environment: &Environment,
    email: &str,
    name: Option<&str>,
    organization: Option<&str>,
) -> Result<()> {
    let config = Config::read(environment)?;
    on_one_thread(async {
        let program = compose(&config, Manner::default())?;
        program.ready().await?;
        let password = password(&*program.app.ids);
        let name = name.or_else(|| email.split('@').next()).unwrap_or_default();
        let caller = app::access::bootstrap(&program.app, email, &password, name, organization).await?;
        print(&format!(
            "organization  {} ({})\nlogin         {email}\npassword      {password}\n\nSign in at {}\n",
            caller.organization,
            caller.org,
            config.server.base()
        ))
    })
}

/// A password that nobody guesses: 120 bits, 20 characters.
pub(crate) fn password(ids: &dyn Ids) -> String {
    let mut random = [0; 15];
    ids.fill(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}
