//! TLS and credentials, with an authority that lives as long as the test.

use std::path::PathBuf;

use app::ports::{MailError, Mailer};
use channels::email::SmtpMailer;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::server::MailServer;
use crate::smtp::mail;

/// An authority, and the files of a server that it vouches for.
struct Authority {
    pem: String,
    chain: PathBuf,
    key: PathBuf,
    _dir: tempfile::TempDir,
}

impl Authority {
    fn new(server_name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![server_name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let (chain, key_file) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
        std::fs::write(&chain, leaf.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        Self { pem: issuer.pem(), chain, key: key_file, _dir: dir }
    }

    fn serve(&self, mode: &str) -> Option<MailServer> {
        MailServer::with(&[mode, self.chain.to_str().unwrap(), self.key.to_str().unwrap()])
    }
}

/// `STARTTLS` is insisted on, as it is towards every server that is not on loopback and gets credentials.
fn url(mode: &str, credentials: &str, port: u64) -> String {
    match mode {
        "tls" => format!("smtps://{credentials}127.0.0.1:{port}"),
        _ => format!("smtp://{credentials}127.0.0.1:{port}?tls=required"),
    }
}

const GOOD: &str = "ops:p%40ss%3A%20word@";

async fn send(url: &str, roots: Option<&str>) -> Result<(), MailError> {
    let mailer = SmtpMailer::new(url, "alerts@iot.example", roots.map(str::as_bytes)).unwrap();
    mailer.send(mail("ana@plant.example")).await
}

#[tokio::test]
async fn a_mail_travels_encrypted_and_with_credentials() {
    let authority = Authority::new("127.0.0.1");
    for mode in ["starttls", "tls"] {
        let Some(mut server) = authority.serve(mode) else { return };
        send(&url(mode, GOOD, server.port), Some(&authority.pem)).await.unwrap();
        let got = server.next();
        assert_eq!((&got["user"], &got["tls"]), (&"ops".into(), &true.into()), "{mode}");
        assert_eq!(got["to"], serde_json::json!(["ana@plant.example"]), "{mode}");
    }
}

/// The recipient is not to blame, so it may be tried again once the operator has put it right.
#[tokio::test]
async fn wrong_or_missing_credentials_are_our_fault() {
    let authority = Authority::new("127.0.0.1");
    for mode in ["starttls", "tls"] {
        let Some(server) = authority.serve(mode) else { return };
        for (credentials, code) in [("ops:hunter2@", 535), ("", 530)] {
            let error = send(&url(mode, credentials, server.port), Some(&authority.pem)).await.unwrap_err();
            assert_eq!((error.code, error.retry), (Some(code), true), "{mode}: {error:?}");
            assert!(!error.message.contains("hunter2"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_nobody_vouches_for_gets_neither_mail_nor_password() {
    let (authority, stranger) = (Authority::new("127.0.0.1"), Authority::new("127.0.0.1"));
    let elsewhere = Authority::new("mail.example.com");
    for mode in ["starttls", "tls"] {
        let Some(server) = authority.serve(mode) else { return };
        for roots in [None, Some(stranger.pem.as_str())] {
            let error = send(&url(mode, GOOD, server.port), roots).await.unwrap_err();
            assert!(error.code.is_none() && error.retry && !error.message.contains("p@ss"), "{mode}: {error:?}");
        }
        let Some(server) = elsewhere.serve(mode) else { return };
        let error = send(&url(mode, GOOD, server.port), Some(&elsewhere.pem)).await.unwrap_err();
        assert!(error.code.is_none(), "a certificate for another name: {error:?}");
    }
}
