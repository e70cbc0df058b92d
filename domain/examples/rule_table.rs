//! Prints the page about the rules: `cargo run -p domain --example rule_table > docs/rules.md`.
#![expect(clippy::unwrap_used, reason = "what is read is part of the repository")]

#[path = "../tests/data/samples.rs"]
mod samples;

fn main() {
    print!("{}", domain::rule::table::page(domain::rule::RuleSet::built_in(), &samples::all(), samples::now()));
}
