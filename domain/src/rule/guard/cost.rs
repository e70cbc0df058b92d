//! Charges a tree for its worst case, and takes the patterns of `matches` out of it.
//!
//! One step is about a tenth of a microsecond: a node. What may go over a whole text (4 KiB of banner, 16 KiB of
//! blocks) or list costs [`WHOLE`], what copies a block costs [`COPY`], and all within a macro counts once per item.
//! The walk is recursive: the tree is no deeper than `check` let it be.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, ListExpr, LiteralValue, operators};

use super::pattern::Pattern;
use super::{MAX_LIST, MAX_STEPS};

/// Goes over a whole text or list.
const WHOLE: u64 = 64;
/// Copies a whole block.
const COPY: u64 = 1024;

/// What is wrong, and with which node.
pub(super) struct Wrong {
    pub id: u64,
    pub message: String,
}

/// Charges the tree; patterns are replaced by their place in the answer.
pub(super) fn charge(tree: &mut IdedExpr) -> Result<Vec<Pattern>, Wrong> {
    let mut bill = Bill { steps: 0, times: 1, item: None, patterns: Vec::new() };
    bill.visit(tree)?;
    Ok(bill.patterns)
}

struct Bill {
    steps: u64,
    /// How often the node is judged.
    times: u64,
    /// The variable of the macro that we are in.
    item: Option<String>,
    patterns: Vec<Pattern>,
}

impl Bill {
    fn visit(&mut self, node: &mut IdedExpr) -> Result<(), Wrong> {
        let id = node.id;
        match &mut node.expr {
            Expr::Literal(_) | Expr::Ident(_) => self.add(id, 1),
            Expr::Select(select) => {
                self.add(id, 2)?;
                self.visit(&mut select.operand)
            }
            Expr::Call(call) => self.call(id, call),
            Expr::List(list) => self.list(id, list),
            Expr::Comprehension(comprehension) => self.comprehension(id, comprehension),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => wrong(id, "not allowed"),
        }
    }

    fn call(&mut self, id: u64, call: &mut CallExpr) -> Result<(), Wrong> {
        if call.func_name == "matches" {
            self.pattern(id, call)?;
        }
        let price = self.price(call);
        self.add(id, price)?;
        let target = call.target.as_deref_mut();
        target.into_iter().chain(&mut call.args).try_for_each(|part| self.visit(part))
    }

    /// Of the call itself, without its parts.
    fn price(&self, call: &CallExpr) -> u64 {
        let mut parts = call.target.as_deref().into_iter().chain(&call.args);
        match call.func_name.as_str() {
            operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::CONDITIONAL
            | operators::NOT_STRICTLY_FALSE => 1,
            // The lists that `map` and `filter` build: `cel` appends in place.
            operators::ADD if matches!(&call.args[..], [IdedExpr { expr: Expr::Ident(name), .. }, _] if name.starts_with('@')) => {
                2
            }
            operators::EQUALS | operators::NOT_EQUALS if call.args.iter().any(is_literal) => 2,
            _ if parts.all(|part| self.is_small(part)) => 4,
            _ => WHOLE,
        }
    }

    /// A literal, or of the macro's item: all items of a list together are no larger than one text.
    fn is_small(&self, node: &IdedExpr) -> bool {
        match &node.expr {
            Expr::Literal(_) => true,
            Expr::List(list) => list.elements.iter().all(is_literal),
            _ => root(node).is_some_and(|name| self.item.as_deref() == Some(name)),
        }
    }

    fn list(&mut self, id: u64, list: &mut ListExpr) -> Result<(), Wrong> {
        for element in &mut list.elements {
            let copies = if self.is_small(element) { 1 } else { COPY };
            self.add(id, copies)?;
            self.visit(element)?;
        }
        self.add(id, 1)
    }

    fn comprehension(&mut self, id: u64, comprehension: &mut ComprehensionExpr) -> Result<(), Wrong> {
        if self.item.is_some() {
            return wrong(id, "a macro within another macro");
        }
        let items = match &comprehension.iter_range.expr {
            Expr::List(list) => list.elements.len(),
            _ if root(&comprehension.iter_range).is_some() => MAX_LIST,
            _ => return wrong(id, "a macro goes through a field or a list of texts, not through what was computed"),
        };
        self.visit(&mut comprehension.iter_range)?;
        self.item = Some(comprehension.iter_var.clone());
        self.times = u64::try_from(items).unwrap_or(u64::MAX);
        self.add(id, 4)?;
        self.visit(&mut comprehension.loop_step)?;
        self.item = None;
        self.times = 1;
        self.visit(&mut comprehension.result)
    }

    /// `text.matches('…')`: the pattern is compiled now, and the call says which one it is.
    fn pattern(&mut self, id: u64, call: &mut CallExpr) -> Result<(), Wrong> {
        let [argument] = &mut call.args[..] else { return wrong(id, "matches takes one pattern") };
        let Expr::Literal(LiteralValue::String(text)) = &argument.expr else {
            return wrong(argument.id, "the pattern of matches must be a text that stands here");
        };
        let pattern = Pattern::compile(text.inner()).map_err(|message| Wrong { id: argument.id, message })?;
        let place = i64::try_from(self.patterns.len()).unwrap_or(i64::MAX);
        argument.expr = Expr::Literal(LiteralValue::Int(place.into()));
        self.patterns.push(pattern);
        Ok(())
    }

    fn add(&mut self, id: u64, steps: u64) -> Result<(), Wrong> {
        self.steps = self.steps.saturating_add(steps.saturating_mul(self.times));
        if self.steps > MAX_STEPS {
            let message = format!("too much work: in the worst case more than {MAX_STEPS} steps");
            return Err(Wrong { id, message });
        }
        Ok(())
    }
}

fn is_literal(node: &IdedExpr) -> bool {
    matches!(node.expr, Expr::Literal(_))
}

/// The name that a chain of fields and indexes starts with.
fn root(node: &IdedExpr) -> Option<&str> {
    let mut node = node;
    loop {
        match &node.expr {
            Expr::Ident(name) => return Some(name),
            Expr::Select(select) => node = &select.operand,
            Expr::Call(call) if call.func_name == operators::INDEX => node = call.args.first()?,
            _ => return None,
        }
    }
}

fn wrong<T>(id: u64, message: &str) -> Result<T, Wrong> {
    Err(Wrong { id, message: message.into() })
}
