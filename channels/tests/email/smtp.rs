//! Hand-overs to a real mail server.

use app::ports::{Mail, Mailer};
use channels::email::{NoMailer, SmtpMailer};
use domain::email::EmailAddress;
use futures_util::future::join_all;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::server::MailServer;

pub(crate) fn mail(to: &str) -> Mail {
    Mail {
        to: EmailAddress::parse(to).unwrap(),
        to_name: Some("Ana Ruíz".into()),
        subject: "[iotmonitor] HIGH opened: Telnet open on 203.0.113.7:23 (Pumpe Süd)".into(),
        text: "Text\n.\nafter a dot\n".into(),
        html: "<p>Süd</p>".into(),
        message_id: "dlv_1-ana".into(),
        headers: vec![("List-Unsubscribe".into(), "<https://iot.example/u/1>".into())],
    }
}

fn mailer(url: &str) -> SmtpMailer {
    SmtpMailer::new(url, "IoT monitor <alerts@iot.example>", None).unwrap()
}

fn mailer_of(server: &MailServer) -> SmtpMailer {
    mailer(&format!("smtp://127.0.0.1:{}", server.port))
}

#[tokio::test]
async fn a_mail_arrives_whole() {
    let Some(mut server) = MailServer::start() else { return };
    let mailer = mailer_of(&server);
    assert!(mailer.configured());
    mailer.check().await.unwrap();
    mailer.send(mail("ana@plant.example")).await.unwrap();

    let got = server.next();
    assert_eq!(got["from"], "alerts@iot.example");
    assert_eq!(got["to"], serde_json::json!(["ana@plant.example"]));
    assert_eq!(got["subject"], "[iotmonitor] HIGH opened: Telnet open on 203.0.113.7:23 (Pumpe Süd)");
    assert_eq!(got["messageId"], "<dlv_1-ana@iot.example>");
    assert_eq!(got["unsubscribe"], "<https://iot.example/u/1>");
    assert_eq!(got["parts"], serde_json::json!(["multipart/alternative", "text/plain", "text/html"]));
    assert_eq!(got["text"].as_str().unwrap().trim_end().replace("\r\n", "\n"), "Text\n.\nafter a dot");
    assert_eq!(got["html"].as_str().unwrap().trim_end(), "<p>Süd</p>");
}

#[tokio::test]
async fn never_and_later_are_told_apart() {
    let Some(server) = MailServer::start() else { return };
    let mailer = mailer_of(&server);
    let never = mailer.send(mail("permanent@plant.example")).await.unwrap_err();
    assert_eq!((never.code, never.retry), (Some(550), false));
    assert!(never.message.contains("no such user") && !never.message.contains('\u{1b}'), "{never:?}");
    let later = mailer.send(mail("transient@plant.example")).await.unwrap_err();
    assert_eq!((later.code, later.retry), (Some(451), true), "{later:?}");
    let denied = mailer.send(mail("denied@plant.example")).await.unwrap_err();
    assert_eq!((denied.code, denied.retry), (Some(530), true), "our credentials, not the recipient: {denied:?}");
    mailer.send(mail("ana@plant.example")).await.unwrap();
}

#[tokio::test]
async fn without_tls_where_it_is_required_nothing_is_sent() {
    let Some(server) = MailServer::start() else { return };
    let mailer = mailer(&format!("smtp://user:hunter2@127.0.0.1:{}?tls=required", server.port));
    let error = mailer.send(mail("ana@plant.example")).await.unwrap_err();
    assert!(error.code.is_none() && !error.message.contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn no_fuzzed_name_or_subject_changes_the_headers() {
    let Some(mut server) = MailServer::start() else { return };
    let mailer = mailer_of(&server);
    mailer.send(mail("ana@plant.example")).await.unwrap();
    let expected = server.next()["names"].clone();

    let mut runner = TestRunner::deterministic();
    let text = proptest::string::string_regex("([\r\n\0:;,<>\"@ ]|Bcc: x@y\\.example|=\\?utf-8\\?q\\?=0A\\?=|.){0,30}")
        .unwrap();
    let mut hostile = || text.new_tree(&mut runner).unwrap().current();
    let mails: Vec<Mail> = (0..64)
        .map(|_| Mail {
            to_name: Some(hostile()),
            subject: hostile(),
            message_id: hostile(),
            headers: vec![("List-Unsubscribe".into(), hostile())],
            ..mail("ana@plant.example")
        })
        .collect();
    let sent = join_all(mails.iter().map(|mail| mailer.send(mail.clone()))).await;
    for (result, mail) in sent.into_iter().zip(&mails) {
        result.unwrap_or_else(|error| panic!("{error:?}: {mail:?}"));
        let got = server.next();
        assert_eq!(got["names"], expected);
        assert_eq!(got["to"], serde_json::json!(["ana@plant.example"]));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_there_later() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mailer = mailer(&format!("smtp://127.0.0.1:{port}"));
    assert!(mailer.send(mail("ana@plant.example")).await.unwrap_err().retry);
    assert!(mailer.check().await.is_err());
}

#[tokio::test]
async fn without_a_server_mail_is_not_set_up() {
    assert!(!NoMailer.configured());
    let error = NoMailer.send(mail("ana@plant.example")).await.unwrap_err();
    assert!(!error.retry && error.message.contains("IOTMONITOR_SMTP_URL"));
}
