use std::sync::Arc;

use domain::asset::Asset;
use domain::decide::Beside;
use domain::rule::RuleSet;

use crate::App;
use crate::access::Organization;
use crate::intelligence::Book;
use crate::ports::StoreError;

/// What an organization's assets are judged by, beside what was seen.
///
/// Read behind the head of the ledger: whoever changes it wakes the assets by a commit after that, so what was judged by the
/// old one meets a conflict and is judged again.
pub(super) struct Grounds {
    pub book: Arc<Book>,
    rules: &'static RuleSet,
}

impl Grounds {
    pub(super) async fn read(app: &App, _: &Organization) -> Result<Self, StoreError> {
        Ok(Self { book: app.book().await?, rules: RuleSet::built_in() })
    }

    pub(super) fn rules(&self) -> &RuleSet {
        self.rules
    }

    pub(super) fn beside(&self) -> Beside<'_> {
        Beside { intelligence: &self.book.intelligence, policies: &[] }
    }

    /// How rules and settings stand: when this changes, what is stored is judged again. What is known of vulnerabilities is
    /// not part of it: that wakes whom it concerns.
    pub(super) fn judged_by(&self, organization: &Organization, asset: &Asset) -> String {
        let s = &organization.settings;
        let generation = &self.rules().generation;
        format!("{generation}|{}|{}|{:?}|{}", s.close_after_misses, s.stale_after_days, s.sla, asset.updated_at)
    }
}
