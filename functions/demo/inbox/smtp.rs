//! A mail server for the loopback, as small as RFC 5321 lets one be: it takes mail for everybody and keeps it here.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use super::mime;
use super::shelf::{ReceivedMail, Shelf, put};

/// RFC 5321 § 4.5.3.1.6 asks for 1 000; clients of ours stay far below.
const LONGEST_LINE: u64 = 8 * 1024;
const LARGEST_MAIL: usize = 1024 * 1024;
const MOST_RECIPIENTS: usize = 100;

pub(super) async fn serve(listener: TcpListener, shelf: Arc<Shelf>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let shelf = Arc::clone(&shelf);
        tokio::spawn(async move {
            let (read, write) = stream.into_split();
            // A client that goes away in the middle is its own business.
            let _ = converse(BufReader::new(read), write, |mail| {
                let mail = mail.read(shelf.now());
                put(&mut shelf.content().mails, mail);
            })
            .await;
        });
    }
}

/// A mail with its envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Envelope {
    from: Option<String>,
    to: Vec<String>,
    source: Vec<u8>,
}

impl Envelope {
    fn read(self, now: Timestamp) -> ReceivedMail {
        let source = String::from_utf8_lossy(&self.source).into_owned();
        let (subject, text) = mime::read(&source);
        ReceivedMail { received_at: now, from: self.from.unwrap_or_default(), to: self.to, subject, text, source }
    }
}

async fn converse(
    mut read: impl AsyncBufRead + Unpin,
    mut write: impl AsyncWrite + Unpin,
    mut take: impl FnMut(Envelope),
) -> io::Result<()> {
    let mut mail = Envelope::default();
    write.write_all(b"220 inbox.localhost ESMTP\r\n").await?;
    loop {
        let Some(line) = line(&mut read).await? else { return Ok(()) };
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
        let answer = match verb.to_ascii_uppercase().as_str() {
            "EHLO" => "250-inbox.localhost\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 1048576",
            "HELO" | "NOOP" => "250 fine",
            "RSET" => {
                mail = Envelope::default();
                "250 fine"
            }
            "MAIL" => match path(rest, "FROM:") {
                Some(from) => {
                    mail = Envelope { from: Some(from), ..Envelope::default() };
                    "250 fine"
                }
                None => "501 MAIL FROM:<address>",
            },
            "RCPT" => match path(rest, "TO:") {
                _ if mail.from.is_none() => "503 MAIL first",
                Some(_) if mail.to.len() >= MOST_RECIPIENTS => "452 too many recipients",
                Some(to) if !to.is_empty() => {
                    mail.to.push(to);
                    "250 fine"
                }
                _ => "501 RCPT TO:<address>",
            },
            "DATA" if mail.to.is_empty() => "503 RCPT first",
            "DATA" => {
                write.write_all(b"354 end with a line of one dot\r\n").await?;
                let Some(fits) = data(&mut read, &mut mail.source).await? else { return Ok(()) };
                let whole = std::mem::take(&mut mail);
                if fits {
                    take(whole);
                    "250 taken"
                } else {
                    "552 larger than 1 MiB"
                }
            }
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "502 not here",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// The lines up to the one with a dot, without the dots that were put before others. `None`: the client went away.
/// `Some(false)`: it was too much, and was read to its end all the same.
async fn data(read: &mut (impl AsyncBufRead + Unpin), source: &mut Vec<u8>) -> io::Result<Option<bool>> {
    let mut fits = true;
    loop {
        let Some(line) = line(read).await? else { return Ok(None) };
        if line == b".\r\n" || line == b".\n" {
            return Ok(Some(fits));
        }
        let line = line.strip_prefix(b".").unwrap_or(&line);
        fits = fits && source.len() + line.len() <= LARGEST_MAIL;
        if fits {
            source.extend_from_slice(line);
        }
    }
}

/// One line with its end. `None`: there is none any more, or it is longer than any line may be.
async fn line(read: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    read.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    Ok(line.ends_with(b"\n").then_some(line))
}

/// The address of `FROM:<address> SIZE=1`.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let start = rest.get(..keyword.len())?;
    let path = start.eq_ignore_ascii_case(keyword).then(|| rest[keyword.len()..].trim_start())?;
    Some(path.strip_prefix('<')?.split_once('>')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn talk(said: &str) -> (String, Vec<Envelope>) {
        let (mut answers, mut taken) = (Vec::new(), Vec::new());
        converse(BufReader::new(said.as_bytes()), &mut answers, |mail| taken.push(mail)).await.unwrap();
        let codes =
            String::from_utf8(answers).unwrap().lines().map(|line| line[..4].trim().to_owned()).collect::<Vec<_>>();
        (codes.join(" "), taken)
    }

    #[tokio::test]
    async fn a_mail_is_taken_with_its_envelope_and_its_dots() {
        let said = "EHLO me\r\nMAIL FROM:<a@b.example> SIZE=9\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.y\r\n.\r\nQUIT\r\n";
        let (codes, taken) = talk(said).await;
        assert_eq!(codes, "220 250- 250- 250- 250 250 250 354 250 221");
        let mail = Envelope {
            from: Some("a@b.example".into()),
            to: vec!["c@d.example".into()],
            source: b"Subject: x\r\n\r\n.\r\ny\r\n".to_vec(),
        };
        assert_eq!(taken, [mail]);
    }

    #[tokio::test]
    async fn what_comes_out_of_order_or_makes_no_sense_is_refused() {
        let said = "DATA\r\nRCPT TO:<c@d.example>\r\nMAIL FROM:a\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<>\r\nDATA\r\nSTARTTLS\r\n\u{e4}\r\nRSET\r\n";
        let (codes, taken) = talk(said).await;
        assert_eq!(codes, "220 503 503 501 250 501 503 502 502 250");
        assert!(taken.is_empty());
    }

    #[tokio::test]
    async fn too_large_a_mail_is_refused_and_the_next_one_is_taken() {
        let start = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";
        let large = format!("{}\r\n", "x".repeat(998)).repeat(LARGEST_MAIL / 1000 + 1);
        let (codes, taken) = talk(&format!("{start}{large}.\r\n{start}small\r\n.\r\n")).await;
        assert_eq!(codes, "220 250 250 354 552 250 250 354 250");
        assert_eq!(taken.len(), 1);
    }

    #[tokio::test]
    async fn a_line_without_an_end_ends_the_conversation() {
        let (codes, taken) = talk(&"x".repeat(20_000)).await;
        assert_eq!((codes.as_str(), taken.len()), ("220", 0));
    }
}
