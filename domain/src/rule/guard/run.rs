//! Judges a checked tree.

use std::sync::{Arc, LazyLock};

use cel::common::types::{CelString, STRING_TYPE};
use cel::common::value::CowVal;
use cel::{Context, Env, ExecutionError, IdedExpr, Value};

use super::Verdict;
use super::pattern::{self, Pattern};
use crate::rule::facts::Facts;

/// Characters of the reason of an undecided verdict.
const MAX_REASON: usize = 200;

/// The functions of `cel`, built once: this is what makes a context cheap.
static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(environment()));

fn environment() -> Env {
    let mut env = Env::stdlib();
    for (name, op) in [("lowerAscii", lower as cel::common::functions::Function), ("upperAscii", upper)] {
        // Fails only for a name that is declared already; the tests call both.
        let _ = env.add_member_overload(name, name, STRING_TYPE, Vec::new(), op);
    }
    env
}

pub(super) fn evaluate(tree: &IdedExpr, patterns: &Arc<[Pattern]>, facts: &Facts<'_>) -> Verdict {
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    context.set_variable_resolver(facts);
    pattern::declare(&mut context, patterns);
    // Not `resolve_val`: that is always inlined, and its frame without optimisation is ten times as large.
    match Value::resolve(tree, &context) {
        Ok(Value::Bool(true)) => Verdict::Match,
        Ok(Value::Bool(false)) | Err(ExecutionError::NoSuchKey(_) | ExecutionError::IndexOutOfBounds(_)) => {
            Verdict::NoMatch
        }
        Ok(other) => undecided(&format!("the answer is of type {}, not true or false", other.type_of())),
        Err(error) => undecided(&error.to_string()),
    }
}

fn undecided(reason: &str) -> Verdict {
    Verdict::Undecided(reason.chars().take(MAX_REASON).collect())
}

type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

#[expect(clippy::needless_pass_by_value, reason = "the shape that cel gives to functions")]
fn lower<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    changed(&args, str::to_ascii_lowercase)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that cel gives to functions")]
fn upper<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Answer<'b, 'v> {
    changed(&args, str::to_ascii_uppercase)
}

fn changed<'b, 'v>(args: &[CowVal<'b, 'v>], change: impl Fn(&str) -> String) -> Answer<'b, 'v> {
    let text = args.first().and_then(|text| text.downcast_ref::<CelString<'_>>());
    text.map(|text| CowVal::owned(CelString::from(change(text.inner()))))
        .ok_or_else(ExecutionError::missing_argument_or_target)
}
