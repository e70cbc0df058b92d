//! When time alone changes what an expression says: at which number of days before the end of a certificate.
//!
//! `service.tls.expiresInDays < 14` turns once and not each day; so thousands of certificates wake nobody daily. What
//! is used in any other way than in a comparison with a number is looked at each day.

use std::collections::BTreeSet;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

const EXPIRED: &str = "service.tls.expired";
const DAYS: &str = "service.tls.expiresInDays";

/// The days before the end of a certificate on which something changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::rule) struct Expiry {
    /// Something changes when fewer days than one of these are left; 0: when it has expired.
    pub days: BTreeSet<i64>,
    /// Something may change each day.
    pub daily: bool,
}

impl Expiry {
    /// Of an expression that names these fields.
    pub(super) fn of(tree: &IdedExpr, fields: &[String]) -> Self {
        let mut expiry = Self::default();
        if fields.iter().any(|f| f == EXPIRED) {
            expiry.days.insert(0);
        }
        if fields.iter().any(|f| f == DAYS) {
            expiry.visit(tree);
        }
        expiry
    }

    fn visit(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Select(select) if !select.test => {
                if path(node).is_some_and(|p| p == DAYS) {
                    self.daily = true;
                } else {
                    self.visit(&select.operand);
                }
            }
            Expr::Call(call) => match turning(call) {
                Some(days) => self.days.extend(days),
                None => call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.visit(part)),
            },
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element)),
            Expr::Comprehension(comprehension) => {
                self.visit(&comprehension.iter_range);
                self.visit(&comprehension.loop_step);
                self.visit(&comprehension.result);
            }
            _ => {}
        }
    }
}

/// Below which numbers of days a comparison of them with a number turns.
fn turning(call: &CallExpr) -> Option<Vec<i64>> {
    let [left, right] = &call.args[..] else { return None };
    let days = |node| path(node).is_some_and(|p| p == DAYS);
    let (number, mirrored) = match (number(left), number(right)) {
        (None, Some(number)) if days(left) => (number, false),
        (Some(number), None) if days(right) => (number, true),
        _ => return None,
    };
    let next = number.saturating_add(1);
    match (call.func_name.as_str(), mirrored) {
        (operators::LESS | operators::GREATER_EQUALS, false) | (operators::GREATER | operators::LESS_EQUALS, true) => {
            Some(vec![number])
        }
        (operators::LESS_EQUALS | operators::GREATER, false) | (operators::GREATER_EQUALS | operators::LESS, true) => {
            Some(vec![next])
        }
        (operators::EQUALS | operators::NOT_EQUALS, _) => Some(vec![number, next]),
        _ => None,
    }
}

fn number(node: &IdedExpr) -> Option<i64> {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
        _ => None,
    }
}

/// `service.tls.expiresInDays` as it stands in the tree.
fn path(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", path(&select.operand)?, select.field)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Expression;
    use super::Expiry;
    use crate::rule::Vocabulary;

    fn expiry(text: &str) -> Expiry {
        Expression::compile(text, &Vocabulary::RULES).unwrap().expiry().clone()
    }

    fn on(days: &[i64]) -> Expiry {
        Expiry { days: days.iter().copied().collect(), daily: false }
    }

    #[test]
    fn a_comparison_with_a_number_turns_once() {
        assert_eq!(expiry("service.port == 1"), on(&[]));
        assert_eq!(expiry("service.tls.expired"), on(&[0]));
        assert_eq!(expiry("!service.tls.expired && service.tls.expiresInDays < 14"), on(&[0, 14]));
        assert_eq!(expiry("14 > service.tls.expiresInDays || service.tls.expiresInDays >= 30"), on(&[14, 30]));
        assert_eq!(expiry("service.tls.expiresInDays <= 14 || 3 < service.tls.expiresInDays"), on(&[4, 15]));
        assert_eq!(expiry("service.tls.expiresInDays == 7"), on(&[7, 8]));
        assert_eq!(expiry("has(service.tls.expiresInDays)"), on(&[]));
    }

    #[test]
    fn whatever_else_is_done_with_the_days_is_looked_at_daily() {
        for text in [
            "service.tls.expiresInDays in [1, 2]",
            "string(service.tls.expiresInDays) == '3'",
            "service.tls.expiresInDays * 2 < 9",
        ] {
            assert!(expiry(text).daily, "{text}");
        }
    }
}
