//! What holds of the house itself: which room may lean on which, how files are called and how long they are, and
//! that nothing in them points outside.

mod arrows;
mod documents;
mod files;
mod outside;
