//! The one thread that writes a file: it takes all jobs that wait at once, so that they share one write to disk.
//! What a job is, it does not know.

use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use app::ports::StoreError;
use tokio::sync::oneshot;

/// Most jobs of one round, so that a round stays short and small in memory.
const ROUND: usize = 256;

/// The sending side of the thread. Dropping it waits until the thread has finished what was handed in.
pub(super) struct Writer<J> {
    jobs: Option<mpsc::Sender<J>>,
    thread: Option<JoinHandle<()>>,
}

impl<J: Send + 'static> Writer<J> {
    /// Starts the thread; `work` gets 1 to 256 jobs at a time, in the order in which they came.
    pub(super) fn start(name: &str, mut work: impl FnMut(Vec<J>) + Send + 'static) -> Result<Self, StoreError> {
        let (jobs, inbox) = mpsc::channel();
        let rounds = move || {
            while let Ok(first) = inbox.recv() {
                let mut round = vec![first];
                round.extend(inbox.try_iter().take(ROUND - 1));
                work(round);
            }
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(rounds)
            .map_err(|error| StoreError::Unavailable(format!("no thread for the writer: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Hands a job in and waits for its answer.
    pub(super) async fn ask<A>(&self, job: impl FnOnce(oneshot::Sender<A>) -> J) -> Result<A, StoreError> {
        let stopped = || StoreError::Unavailable("the writer has stopped".into());
        let (answer, answered) = oneshot::channel();
        self.jobs.as_ref().ok_or_else(stopped)?.send(job(answer)).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())
    }
}

impl<J> Drop for Writer<J> {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so itself; there is nobody left to tell here.
            let _panicked = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::future::join_all;

    use super::*;

    type Job = (u32, oneshot::Sender<u32>);

    #[tokio::test]
    async fn jobs_that_wait_share_a_round_and_each_gets_its_own_answer() {
        let rounds = Arc::new(Mutex::new(Vec::new()));
        let (log, (go, gate)) = (Arc::clone(&rounds), mpsc::channel::<()>());
        let writer = Writer::start("test", move |round: Vec<Job>| {
            gate.recv().unwrap();
            log.lock().unwrap().push(round.len());
            for (number, answer) in round {
                answer.send(number * 2).unwrap();
            }
        })
        .unwrap();
        let asked = join_all((0..50).map(|n| writer.ask(move |answer| (n, answer))));
        let opener = async {
            // All are handed in before the first round may end: `join!` polls in order.
            go.send(()).unwrap();
            go.send(()).unwrap();
        };
        let (answers, ()) = tokio::join!(asked, opener);
        let answers: Vec<u32> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers, (0..50).map(|n| n * 2).collect::<Vec<_>>());
        let rounds = rounds.lock().unwrap().clone();
        assert!(rounds.len() <= 2 && rounds.iter().sum::<usize>() == 50, "{rounds:?}");
    }

    #[tokio::test]
    async fn a_writer_that_panicked_is_unavailable() {
        let writer = Writer::start("test", |_: Vec<Job>| panic!("as the test wants it")).unwrap();
        for _ in 0..2 {
            let answer = writer.ask(|answer| (1, answer)).await;
            assert!(matches!(answer, Err(StoreError::Unavailable(_))));
        }
    }
}
