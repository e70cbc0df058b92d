mod cell;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::Outcome;
use crate::{Environment, apt};
use cell::Cell;

/// What a package for servers is built for.
const MUSL: &str = "x86_64-unknown-linux-musl";

/// The static program in a root of the file system in which there is nothing else: it starts, does what it is asked,
/// is killed without a word, and has everything when it is started again.
pub(super) fn run(environment: &Environment) -> Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(Outcome::NotRun("only Linux on x86-64 has such a program".to_owned()));
    }
    if let Err(missing) = compiler(environment) {
        return Ok(Outcome::NotRun(format!("{missing:#}")));
    }
    environment.cargo(&["build", "--package", "iotmonitor", "--target", MUSL]).run()?;
    let program = environment.root.join("target").join(MUSL).join("debug/iotmonitor");
    ensure!(is_static(&std::fs::read(&program)?), "{} asks for a dynamic loader", program.display());
    let cell = Cell::new(environment, &program)?;
    let mut server = cell.start(environment)?;
    let token = server.register()?;
    let asset = server.watch(&token, "198.51.100.10")?;
    server.kill()?;
    let mut server = cell.start(environment)?;
    let known = server.assets(&token)?;
    ensure!(known == [asset], "after SIGKILL it knows {known:?}");
    server.watch(&token, "198.51.100.11")?;
    server.end()?;
    let mut server = cell.start(environment)?;
    ensure!(server.assets(&token)?.len() == 2, "after SIGTERM something is missing");
    server.end()?;
    Ok(Outcome::Passed(Some("the static program runs alone".to_owned())))
}

/// What builds for it: its standard library, and a C compiler for the parts that are C.
fn compiler(environment: &Environment) -> Result<()> {
    let folder = environment.program("rustc").arguments(&["--print", "target-libdir", "--target", MUSL]).output()?;
    if !PathBuf::from(String::from_utf8(folder)?.trim()).exists() {
        let add = environment.program("rustup").arguments(&["target", "add", MUSL]);
        add.run().with_context(|| format!("Rust's target {MUSL} is missing"))?;
    }
    if !environment.program("musl-gcc").arguments(&["--version"]).works() {
        apt::install(environment, &["musl-tools"]).context("musl-gcc is missing")?;
    }
    Ok(())
}

/// Has the program no header that names a loader (`PT_INTERP`)? For files of ELF with 64 bits, little-endian.
fn is_static(file: &[u8]) -> bool {
    fn number<const N: usize>(file: &[u8], at: usize) -> Option<[u8; N]> {
        file.get(at..at + N)?.try_into().ok()
    }
    let headers = || {
        let start = usize::try_from(u64::from_le_bytes(number(file, 0x20)?)).ok()?;
        let (size, count) = (u16::from_le_bytes(number(file, 0x36)?), u16::from_le_bytes(number(file, 0x38)?));
        let kind = |n: u16| number(file, start + usize::from(n) * usize::from(size)).map(u32::from_le_bytes);
        (0..count).map(kind).collect::<Option<Vec<u32>>>()
    };
    file.starts_with(b"\x7fELF\x02\x01") && headers().is_some_and(|kinds| !kinds.contains(&3))
}

/// What is wrong with an answer, in words.
fn said<T>(found: Option<T>, answer: &serde_json::Value) -> Result<T> {
    found.with_context(|| format!("it answers {answer}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_needs_a_loader_is_told_from_one_that_does_not() {
        // A header of 64 bytes, and behind it one entry of 56 bytes.
        let program = |kind: u32| {
            let mut file = vec![0; 64 + 56];
            file[..6].copy_from_slice(b"\x7fELF\x02\x01");
            file[0x20] = 64;
            file[0x36] = 56;
            file[0x38] = 1;
            file[64..68].copy_from_slice(&kind.to_le_bytes());
            file
        };
        assert!(is_static(&program(1)));
        assert!(!is_static(&program(3)));
        assert!(!is_static(&program(1)[..64]));
        assert!(!is_static(b"#!/bin/sh\n"));
    }
}
