use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::said;
use crate::Environment;

/// How long the program may take to answer, unoptimized and on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
const SETUP_CODE: &str = "made-for-this-step";

/// A root of the file system with the program, an empty folder for its data, and nothing else.
pub(super) struct Cell {
    root: PathBuf,
}

/// The program in it.
pub(super) struct Served {
    process: Child,
    address: SocketAddr,
}

impl Cell {
    /// Lays it out; what was in it before is gone.
    pub(super) fn new(environment: &Environment, program: &Path) -> Result<Self> {
        let root = environment.notes().join("root");
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        fs::create_dir_all(root.join("data"))?;
        fs::copy(program, root.join("iotmonitor"))?;
        Ok(Self { root })
    }

    /// Starts the program there, with its root as its whole world.
    pub(super) fn start(&self, environment: &Environment) -> Result<Served> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let root = format!("--root={}", self.root.display());
        let settings = [
            ("IOTMONITOR_STORAGE", "embedded:/data".to_owned()),
            ("IOTMONITOR_LISTEN", address.to_string()),
            ("IOTMONITOR_SETUP_CODE", SETUP_CODE.to_owned()),
            ("IOTMONITOR_TARGET_ALLOW", "198.51.100.0/24".to_owned()),
        ];
        // Every source is named, so that no request leaves this machine. Port 9 discards.
        let sources = ["SHODAN", "SHODAN_EXPLOITS", "INTERNETDB", "CVEDB", "KEV", "EPSS"];
        let unshare = environment.program("unshare").arguments(&["--map-root-user", &root, "/iotmonitor", "serve"]);
        let unshare = sources.iter().fold(unshare, |program, source| {
            program.variable(&format!("IOTMONITOR_{source}_URL"), "http://127.0.0.1:9")
        });
        let unshare = settings.into_iter().fold(unshare, |program, (name, value)| program.variable(name, value));
        let mut served = Served { process: unshare.start()?, address };
        served.wait()?;
        Ok(served)
    }
}

impl Served {
    fn wait(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while self.get("/healthz").is_err() {
            ensure!(self.process.try_wait()?.is_none(), "it ends as soon as it is started");
            ensure!(Instant::now() < end, "it does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The first person; answers their token.
    pub(super) fn register(&mut self) -> Result<String> {
        let query = "mutation($code: String!) { register(input: { email: \"ops@plant.example\", name: \"Ops\",
            password: \"a long enough pass phrase\", organizationName: \"Plant\", setupCode: $code }) { token } }";
        let answer = self.ask("", query, &json!({ "code": SETUP_CODE }))?;
        said(answer.pointer("/data/register/token").and_then(Value::as_str).map(str::to_owned), &answer)
    }

    /// Registers an asset; answers its id.
    pub(super) fn watch(&mut self, token: &str, target: &str) -> Result<String> {
        let query = "mutation($target: String!) { createAsset(input: { target: $target }) { asset { id } } }";
        let answer = self.ask(token, query, &json!({ "target": target }))?;
        said(answer.pointer("/data/createAsset/asset/id").and_then(Value::as_str).map(str::to_owned), &answer)
    }

    /// The ids of all assets.
    pub(super) fn assets(&mut self, token: &str) -> Result<Vec<String>> {
        let answer = self.ask(token, "{ assets { nodes { id } } }", &json!({}))?;
        let nodes = answer.pointer("/data/assets/nodes").and_then(Value::as_array);
        let ids = nodes.map(|nodes| nodes.iter().filter_map(|node| node["id"].as_str().map(str::to_owned)).collect());
        said(ids, &answer)
    }

    /// SIGKILL.
    pub(super) fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// SIGTERM, after which it must end well.
    pub(super) fn end(mut self) -> Result<()> {
        std::process::Command::new("kill").args(["-TERM", &self.process.id().to_string()]).status()?;
        let status = self.process.wait()?;
        ensure!(status.success(), "after SIGTERM it ends with {status}");
        Ok(())
    }

    fn ask(&self, token: &str, query: &str, variables: &Value) -> Result<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let bearer = if token.is_empty() { String::new() } else { format!("authorization: Bearer {token}\r\n") };
        let head = format!(
            "POST /graphql HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{bearer}content-type: application/json\r\n\
             accept: application/json\r\ncontent-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let answer = self.send(&(head + &body))?;
        serde_json::from_str(&answer).with_context(|| answer)
    }

    fn get(&self, path: &str) -> Result<String> {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.address))
    }

    /// Sends a request; answers the body, which must have come with 200 and in one piece.
    fn send(&self, request: &str) -> Result<String> {
        let mut connection = TcpStream::connect(self.address)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.write_all(request.as_bytes())?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{answer}");
        Ok(body.to_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already; either way it is waited for.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}
