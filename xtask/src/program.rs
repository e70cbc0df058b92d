use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Another program: shown as it is called, and an error when it does not end well.
pub(crate) struct Program {
    command: Command,
    line: String,
}

impl Program {
    /// The program, run in `folder`.
    pub(crate) fn new(name: OsString, folder: &Path) -> Self {
        let line = Path::new(&name).file_name().unwrap_or(&name).to_string_lossy().into_owned();
        let mut command = Command::new(name);
        command.current_dir(folder);
        Self { command, line }
    }

    /// Adds arguments.
    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        for argument in arguments {
            self.line.push(' ');
            self.line.push_str(argument);
        }
        self.command.args(arguments);
        self
    }

    /// Runs it in another folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Takes variables out of its environment.
    pub(crate) fn without(mut self, names: &[OsString]) -> Self {
        for name in names {
            self.command.env_remove(name);
        }
        self
    }

    /// Runs it on our own output.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.line);
        let status = self.command.status().with_context(|| format!("cannot start `{}`", self.line))?;
        ensure!(status.success(), "`{}` ended with {status}", self.line);
        Ok(())
    }

    /// Runs it and takes what it prints.
    pub(crate) fn output(mut self) -> Result<Vec<u8>> {
        let answer = self.command.stderr(Stdio::inherit()).output();
        let answer = answer.with_context(|| format!("cannot start `{}`", self.line))?;
        ensure!(answer.status.success(), "`{}` ended with {}", self.line, answer.status);
        Ok(answer.stdout)
    }

    /// Does it run and end well? Nothing is shown.
    pub(crate) fn works(mut self) -> bool {
        let status = self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    /// Starts it and goes on; its standard output is a pipe.
    pub(crate) fn start(mut self) -> Result<std::process::Child> {
        println!("$ {} &", self.line);
        self.command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{}`", self.line))
    }
}
