use std::sync::Arc;

use domain::asset::Asset;
use domain::decide::Beside;
use domain::rule::RuleSet;

use crate::App;
use crate::access::Organization;
use crate::intelligence::Book;
use crate::judging::Ruling;
use crate::ports::StoreError;

/// What an organization's assets are judged by, beside what was seen.
///
/// Read behind the head of the ledger: whoever changes it wakes the assets by a commit after that, so what was judged by the
/// old one meets a conflict and is judged again.
pub(super) struct Grounds {
    pub book: Arc<Book>,
    /// What the book does not hold is about to be asked for.
    prospect: bool,
    ruling: Arc<Ruling>,
}

impl Grounds {
    pub(super) async fn read(app: &App, organization: &Organization) -> Result<Self, StoreError> {
        let (known, ruling) =
            futures_util::future::try_join(app.book_and_prospect(), app.ruling(&organization.id)).await?;
        Ok(Self { book: known.0, prospect: known.1, ruling })
    }

    pub(super) fn rules(&self) -> &RuleSet {
        self.ruling.rules()
    }

    /// `patient`: what can wait for facts that are about to be asked for does.
    pub(super) fn beside(&self, patient: bool) -> Beside<'_> {
        let answered = (patient && self.prospect).then_some(&self.book.answered);
        Beside { intelligence: &self.book.intelligence, policies: &self.ruling.policies, answered }
    }

    pub(super) fn judged_by(&self, organization: &Organization, asset: &Asset) -> String {
        stamp(&self.ruling, organization, asset)
    }
}

/// How rules, policies and settings stand: when this changes, what is stored is judged again. What is known of
/// vulnerabilities is not part of it: that wakes whom it concerns.
pub(crate) fn stamp(ruling: &Ruling, organization: &Organization, asset: &Asset) -> String {
    let s = &organization.settings;
    let (rules, own) = (&ruling.rules().generation, &ruling.generation);
    format!("{rules}|{own}|{}|{}|{:?}|{}", s.close_after_misses, s.stale_after_days, s.sla, asset.updated_at)
}
