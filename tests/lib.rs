//! What the end-to-end tests stand on.
//!
//! Here belong stand-ins for what surrounds the deployed program, true to its contract to the byte where it hurts.
//! Never here: a shortcut into the program's inside; a journey goes through the doors that users and hosts use.

pub mod host;
