//! What is deployed: a folder that a cloud runs as it is, and the zip of it.
//!
//! Here belongs how the pieces are laid out; what they say stands in `host.json`, beside each entry under
//! `functions/`, and in `infra/`. Never here: sending it anywhere.

mod stage;
mod zipped;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::Environment;

pub use stage::{stage, stage_lambda, stage_standalone};
pub use zipped::{unzip, zip_folder};

/// The program's name, in `host.json` as in the folder.
const PROGRAM: &str = "iotmonitor";
/// What AWS Lambda starts in a function with a runtime of its own.
const BOOTSTRAP: &str = "bootstrap";

/// Linux on x86-64 without a library of the system's: runs anywhere, in an empty root too.
const STATIC: &str = "x86_64-unknown-linux-musl";

/// Which build goes in.
pub enum Build {
    /// The dev profile: quick, for checks.
    Dev,
    /// The release profile.
    Release(Release),
}

/// What is wanted of a build that is deployed.
#[derive(Clone, Default)]
pub struct Release {
    /// The target triple; `None`: the platform's own, which is this machine's or what [`standalone`] says.
    pub target: Option<String>,
    /// With traces for a collector.
    pub otel: bool,
}

/// What was made.
pub struct Package {
    /// The folder to run.
    pub folder: PathBuf,
    /// The zip to deploy.
    pub zip: PathBuf,
    /// How many files both hold.
    pub files: usize,
}

/// Makes `dist/azure` and `dist/azure.zip` from a release build.
///
/// # Errors
/// A failed build, or a file that cannot be written.
pub fn azure(environment: &Environment, release: &Release) -> Result<Package> {
    let build = Build::Release(release.clone());
    told(stage_and_zip(environment, &build, &environment.root.join("dist/azure"))?)
}

/// Makes `dist/lambda` and `dist/lambda.zip` from a release build with what AWS Lambda needs.
///
/// # Errors
/// A failed build, or a file that cannot be written.
pub fn lambda(environment: &Environment, release: &Release) -> Result<Package> {
    let build = Build::Release(release.clone());
    told(stage_and_zip_lambda(environment, &build, &environment.root.join("dist/lambda"))?)
}

/// Makes `dist/standalone` and `dist/standalone.zip` from a release build that is static: the program, and with it what
/// systemd and container builders want to know. Another target is taken as it is said.
///
/// # Errors
/// A failed build, or a file that cannot be written.
pub fn standalone(environment: &Environment, release: &Release) -> Result<Package> {
    let target = release.target.clone().unwrap_or_else(|| STATIC.to_owned());
    let build = Build::Release(Release { target: Some(target), ..*release });
    let program = compile(environment, &build, &[])?;
    let folder = environment.root.join("dist/standalone");
    stage_standalone(&environment.root, &program, &folder)?;
    told(zipped(&folder)?)
}

/// Builds the program for AWS Lambda and makes `folder` and the zip beside it.
///
/// # Errors
/// A failed build, or a file that cannot be written.
pub fn stage_and_zip_lambda(environment: &Environment, build: &Build, folder: &Path) -> Result<Package> {
    let program = compile(environment, build, &["lambda"])?;
    stage_lambda(&program, folder)?;
    zipped(folder)
}

/// Builds the program and makes `folder` and the zip beside it.
///
/// # Errors
/// A failed build, or a file that cannot be written.
pub fn stage_and_zip(environment: &Environment, build: &Build, folder: &Path) -> Result<Package> {
    let program = compile(environment, build, &[])?;
    stage(&environment.root, &program, folder)?;
    zipped(folder)
}

fn zipped(folder: &Path) -> Result<Package> {
    let zip = folder.with_extension("zip");
    let files = zip_folder(folder, &zip)?;
    Ok(Package { folder: folder.to_owned(), zip, files })
}

fn told(made: Package) -> Result<Package> {
    let size = std::fs::metadata(&made.zip)?.len();
    println!("{} files, {} KiB zipped: {}", made.files, size / 1024, made.zip.display());
    Ok(made)
}

fn compile(environment: &Environment, build: &Build, features: &[&str]) -> Result<PathBuf> {
    let otel = matches!(build, Build::Release(Release { otel: true, .. }));
    let features: Vec<&str> = features.iter().copied().chain(otel.then_some("otel")).collect();
    let cargo = environment.cargo(&["build", "--package", PROGRAM, "--features", &features.join(",")]);
    let debug = environment.built(PROGRAM);
    let name = debug.file_name().context("the program has no name")?;
    let builds = environment.root.join("target");
    match build {
        Build::Dev => cargo.run().map(|()| debug),
        Build::Release(Release { target: None, .. }) => {
            cargo.arguments(&["--release"]).run().map(|()| builds.join("release").join(name))
        }
        Build::Release(Release { target: Some(triple), .. }) => {
            cargo.arguments(&["--release", "--target", triple]).run()?;
            Ok(builds.join(triple).join("release").join(name))
        }
    }
}
