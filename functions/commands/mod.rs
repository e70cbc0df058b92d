//! The command line: one file per command. Each reads the settings, puts the program together, and makes one call.
//!
//! Exit codes: 0 done, 1 failed, 2 not understood, 3 refused because a running server has the store open.

mod backup;
mod completions;
mod config;
mod demo;
mod doctor;
mod migrate;
mod poll;
mod restore;
mod serve;
pub(crate) mod user;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::compose::ComposeError;
use crate::config::{ConfigError, Environment, Start, unknown};
use crate::{handler, log};

/// Watches the Internet-facing side of devices and networks.
#[derive(Parser)]
#[command(name = "iotmonitor", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve, poll and notify on real sources, until it is interrupted
    Serve,
    /// Show everything on made-up data, without touching the Internet
    Demo {
        /// The port on 127.0.0.1; 0 takes a free one
        #[arg(long, default_value_t = 7071)]
        port: u16,
        /// Where to keep the data; without it a temporary folder, deleted at the end
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Ask about what is due, once
    Poll,
    /// Check settings, storage, sources, mail and timer
    Doctor {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write everything in the embedded store to a new file, also while the server runs
    Backup {
        /// The file to make; it holds secrets, and is made for its owner alone
        file: PathBuf,
    },
    /// Put a backup into an empty embedded store
    Restore {
        /// The file that `backup` made
        file: PathBuf,
    },
    /// Copy everything from one store to another, and check that both hold the same
    Migrate {
        /// Where it is: embedded:DIR, azure:ACCOUNT, a connection string, or @FILE that holds one of these
        #[arg(long)]
        from: String,
        /// Where it goes, named likewise: a store that nobody has used
        #[arg(long)]
        to: String,
    },
    /// Print the GraphQL schema
    Schema,
    /// Print what completes this command line in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// People
    #[command(subcommand)]
    User(User),
    /// Settings
    #[command(subcommand)]
    Config(Settings),
}

#[derive(Subcommand)]
enum User {
    /// Make a person with an organization of their own, and print a password
    Add {
        /// Their e-mail address
        email: String,
        /// What others call them; by default the first part of the address
        #[arg(long)]
        name: Option<String>,
        /// The organization's name
        #[arg(long)]
        organization: Option<String>,
    },
}

#[derive(Subcommand)]
enum Settings {
    /// Print local.settings.json.example
    Example,
    /// Print what every variable means, as a page of the guide
    Reference,
}

/// A running server has the store open.
const IN_USE: u8 = 3;

/// Does what the command line says. Without a word it is the handler of whichever cloud has
/// started it.
pub fn run(environment: &Environment, arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let (start, _begun) = match begin(environment) {
        Ok((start, begun)) => (start, Some(begun)),
        // Who asks what is wrong with the settings is told about all of them.
        Err(_) if arguments.get(1).is_some_and(|first| first == "doctor") => (Start::ByHand, None),
        Err(error) => return failed(&error.into()),
    };
    if arguments.len() <= 1 {
        match start {
            Start::ByFunctionsHost(port) => return handler::run(environment, port),
            Start::ByLambda => return on_lambda(environment),
            Start::ByHand => {}
        }
    }
    let command = match CommandLine::try_parse_from(arguments) {
        Ok(line) => line.command,
        Err(error) => {
            // Help and version come as errors, with the code that belongs to them.
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            return if error.print().is_ok() { code.into() } else { ExitCode::FAILURE };
        }
    };
    let outcome = match command {
        Command::Serve => serve::serve(environment),
        Command::Demo { port, data } => demo::demo(port, data),
        Command::Poll => poll::poll(environment),
        Command::Doctor { json } => return doctor::doctor(environment, json),
        Command::Backup { file } => backup::backup(environment, &file),
        Command::Restore { file } => restore::restore(environment, &file),
        Command::Migrate { from, to } => migrate::migrate(environment, &from, &to),
        Command::Schema => config::print(&schema::sdl()),
        Command::Completions { shell } => completions::completions(shell),
        Command::User(User::Add { email, name, organization }) => {
            user::add(environment, &email, name.as_deref(), organization.as_deref())
        }
        Command::Config(Settings::Example) => config::print(&crate::config::example()),
        Command::Config(Settings::Reference) => config::print(&crate::config::reference()),
    };
    outcome.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

#[cfg(feature = "lambda")]
fn on_lambda(environment: &Environment) -> ExitCode {
    crate::lambda::run(environment)
}

#[cfg(not(feature = "lambda"))]
fn on_lambda(_: &Environment) -> ExitCode {
    tracing::error!("this build is not for AWS Lambda: make one with cargo xtask package lambda");
    ExitCode::FAILURE
}

fn begin(environment: &Environment) -> Result<(Start, log::Begun), ConfigError> {
    let begun = log::begin(environment)?;
    for name in unknown(environment) {
        tracing::warn!(name, "there is no such setting");
    }
    Ok((Start::read(environment)?, begun))
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let in_use = matches!(error.downcast_ref(), Some(ComposeError::InUse(_)));
    tracing::error!("{error:#}");
    if in_use {
        tracing::error!(
            "stop it first, or use what it serves: it polls by itself, people register at its address, and `backup` \
             works beside it"
        );
        return IN_USE.into();
    }
    ExitCode::FAILURE
}

/// Everything on one thread: storage answers in microseconds, and hashing has threads of its own.
fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(environment: &Environment, arguments: &[&str]) -> String {
        format!("{:?}", run(environment, arguments.iter().map(OsString::from)))
    }

    fn exit(code: u8) -> String {
        format!("{:?}", ExitCode::from(code))
    }

    #[test]
    fn what_is_not_understood_ends_with_2_and_what_prints_with_0() {
        let none = Environment::default();
        assert_eq!(code(&none, &["iotmonitor"]), exit(2));
        assert_eq!(code(&none, &["iotmonitor", "sevre"]), exit(2));
        assert_eq!(code(&none, &["iotmonitor", "config", "example"]), exit(0));
        assert_eq!(code(&none, &["iotmonitor", "--version"]), exit(0));
    }

    #[test]
    fn beside_a_running_server_poll_and_user_add_refuse_with_3() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment::of([("IOTMONITOR_STORAGE", format!("embedded:{}", dir.path().display()))]);
        let config = crate::config::Config::read(&environment).unwrap();
        let server = crate::compose::compose(&config, crate::compose::Manner::default()).unwrap();
        assert_eq!(code(&environment, &["iotmonitor", "poll"]), exit(3));
        assert_eq!(code(&environment, &["iotmonitor", "user", "add", "ada@example.com"]), exit(3));
        drop(server);
        assert_eq!(code(&environment, &["iotmonitor", "poll"]), exit(0));
        assert_eq!(code(&environment, &["iotmonitor", "user", "add", "ada@example.com"]), exit(0));
        assert_eq!(code(&environment, &["iotmonitor", "user", "add", "ada@example.com"]), exit(1));
    }
}
