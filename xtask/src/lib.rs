//! The habits of this repository, each a command of `cargo xtask`.
//!
//! Here belongs what a person or a machine does to the sources: check them, measure them, regenerate what is
//! generated, package what is deployed. Never here: anything that the program needs while it runs.

mod apt;
pub mod bench;
mod environment;
pub mod events;
mod node;
pub mod package;
mod php;
mod program;
mod python;
pub mod steps;
mod tool;
pub mod tree;

pub use environment::Environment;
