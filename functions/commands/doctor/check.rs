use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Verdict {
    Ok,
    /// It works, and is not as it should be.
    Warn,
    Fail,
    Skip,
}

#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    /// What was found, and what to do if it is not well.
    pub(super) message: String,
}

pub(super) fn ok(name: &'static str, message: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Ok, message: message.into() }
}

pub(super) fn warn(name: &'static str, message: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Warn, message: message.into() }
}

pub(super) fn fail(name: &'static str, message: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Fail, message: message.into() }
}

pub(super) fn skip(name: &'static str, message: impl Into<String>) -> Check {
    Check { name, verdict: Verdict::Skip, message: message.into() }
}

/// Does nothing fail?
pub(super) fn well(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.verdict != Verdict::Fail)
}

pub(super) fn as_json(checks: &[Check]) -> String {
    format!("{}\n", serde_json::json!({ "ok": well(checks), "checks": checks }))
}

pub(super) fn as_text(checks: &[Check]) -> String {
    let line = |check: &Check| {
        let verdict = match check.verdict {
            Verdict::Ok => "OK  ",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
            Verdict::Skip => "SKIP",
        };
        format!("{verdict}  {:<11} {}\n", check.name, check.message)
    };
    checks.iter().map(line).collect()
}
