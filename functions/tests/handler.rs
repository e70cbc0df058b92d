//! The process, as the Functions host starts and ends it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

struct Handler {
    process: Child,
    port: u16,
}

impl Handler {
    /// The storage account is not there: nothing that is asked here needs it.
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(env!("CARGO_BIN_EXE_iotmonitor"))
            .env_clear()
            .env("FUNCTIONS_CUSTOMHANDLER_PORT", port.to_string())
            .env("AzureWebJobsStorage", "UseDevelopmentStorage=true")
            .env("IOTMONITOR_SECRET_KEY", format!("{}=", "A".repeat(43)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let handler = Self { process, port };
        let end = Instant::now() + Duration::from_secs(10);
        while !handler.answers() {
            assert!(Instant::now() < end, "it does not answer");
            std::thread::sleep(Duration::from_millis(25));
        }
        handler
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.starts_with("HTTP/1.1 200")
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_terminate_signal_is_left_to_the_host_and_an_interrupt_ends_it_with_a_code_that_is_not_zero() {
    let mut handler = Handler::start();
    handler.signal("-TERM");
    std::thread::sleep(Duration::from_millis(200));
    assert!(handler.answers());
    handler.signal("-INT");
    assert_ne!(handler.process.wait().unwrap().code(), Some(0));
}
