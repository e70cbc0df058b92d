//! Two inboxes on the loopback that show what the program has sent: one takes signed webhooks, one takes mail.
//!
//! They are receivers as anybody would write them, and know nothing of the program but the secret it told.

mod mime;
mod shelf;
mod smtp;
mod webhooks;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result};
use app::ports::Clock;
use axum::Router;
use axum::routing::get;
use channels::webhook::decode_secret;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use shelf::Shelf;
pub use shelf::{ReceivedMail, ReceivedWebhook};

/// Both inboxes. They close when this is dropped.
pub struct Inbox {
    address: SocketAddr,
    smtp: SocketAddr,
    shelf: Arc<Shelf>,
    tasks: [JoinHandle<()>; 2],
}

impl Inbox {
    /// Opens both: the page on this port (0 takes a free one), the mail server on a free one.
    ///
    /// # Errors
    /// A port that is taken.
    pub async fn open(port: u16, clock: Arc<dyn Clock>) -> Result<Self> {
        let web = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("port {port}, where the webhooks of this folder lead, cannot be listened on"))?;
        let mail = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, smtp) = (web.local_addr()?, mail.local_addr()?);
        let shelf = Arc::new(Shelf::new(clock));
        let router = Router::new()
            .route("/", get(webhooks::show))
            .route("/inbox", get(webhooks::show).post(webhooks::take))
            .route("/mails", get(shelf::show_mails))
            .with_state(Arc::clone(&shelf));
        let pages = tokio::spawn(async move {
            if let Err(error) = axum::serve(web, router).await {
                tracing::error!(%error, "the inbox ended");
            }
        });
        let mails = tokio::spawn(smtp::serve(mail, Arc::clone(&shelf)));
        Ok(Self { address, smtp, shelf, tasks: [pages, mails] })
    }

    /// Verifies webhooks with this secret (`whsec_…`) from now on.
    ///
    /// # Errors
    /// A secret that is none.
    pub fn expect(&self, secret: &str) -> Result<()> {
        self.shelf.expect(decode_secret(secret)?);
        Ok(())
    }

    /// Where both are shown, and where webhooks go to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where mail goes to.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
