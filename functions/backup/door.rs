//! Where a running server hands out its backup: a socket of the machine itself in the data directory, for whoever owns
//! the store and for root. One backup at a time, and nothing else is said here.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream as Blocking;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

use super::Kept;

const SOCKET: &str = "backup.sock";
/// What is asked. Another version would ask something else, and get no answer.
const QUESTION: &[u8] = b"iotmonitor backup 1\n";
/// Whoever asks and then neither sends nor takes is let go of after so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers until `end` comes. Without the socket (its path may be too long for the system) the server serves all the same.
pub async fn attend(kept: &Kept, end: impl Future<Output = ()>) {
    let path = kept.dir.join(SOCKET);
    // The store is ours alone, so what is left here is of a process that was killed.
    let _ = fs::remove_file(&path);
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(%error, "no backup can be taken while this server runs");
            return;
        }
    };
    let answering = async {
        while let Ok((stream, _)) = listener.accept().await {
            answer(kept, stream).await;
        }
    };
    tokio::select! {
        () = answering => {}
        () = end => {}
    }
    let _ = fs::remove_file(&path);
}

/// Asks the server that has the store in `dir` open for a backup, and writes it to `out` as it comes: whether it is
/// complete, only reading it tells.
///
/// # Errors
/// No server that answers, or what happens on the way.
pub fn ask(dir: &Path, out: &mut impl Write) -> io::Result<u64> {
    let mut stream = Blocking::connect(dir.join(SOCKET))?;
    stream.write_all(QUESTION)?;
    io::copy(&mut stream, out)
}

async fn answer(kept: &Kept, stream: UnixStream) {
    if !may(&stream) {
        tracing::warn!("somebody who does not own the store asked for a backup, and got none");
        return;
    }
    let kept = kept.clone();
    let handed_out = tokio::task::spawn_blocking(move || hand_out(&kept, stream)).await;
    match handed_out {
        Ok(Ok(contents)) => tracing::info!(rows = contents.rows, messages = contents.messages, "a backup was taken"),
        Ok(Err(error)) => tracing::warn!(%error, "a backup was not taken to its end"),
        Err(error) => tracing::error!(%error, "a backup ended in a fault"),
    }
}

fn hand_out(kept: &Kept, stream: UnixStream) -> anyhow::Result<storage::archive::Contents> {
    let mut stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = [0; QUESTION.len()];
    stream.read_exact(&mut question)?;
    anyhow::ensure!(question == QUESTION, "something else was asked");
    Ok(kept.write(io::BufWriter::with_capacity(64 * 1024, stream))?)
}

/// The owner of this process, or root, who can read the files anyway. The directory's rights keep others out already,
/// unless somebody widened them.
fn may(stream: &UnixStream) -> bool {
    let own = UnixStream::pair().and_then(|(here, _)| here.peer_cred()).map(|cred| cred.uid());
    match (stream.peer_cred(), own) {
        (Ok(peer), Ok(own)) => peer.uid() == own || peer.uid() == 0,
        _ => false,
    }
}

/// Where the socket of the store in `dir` is.
pub fn socket(dir: &Path) -> PathBuf {
    dir.join(SOCKET)
}
