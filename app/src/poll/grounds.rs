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
    ruling: Arc<Ruling>,
}

impl Grounds {
    pub(super) async fn read(app: &App, organization: &Organization) -> Result<Self, StoreError> {
        let (book, ruling) = futures_util::future::try_join(app.book(), app.ruling(&organization.id)).await?;
        Ok(Self { book, ruling })
    }

    pub(super) fn rules(&self) -> &RuleSet {
        self.ruling.rules()
    }

    pub(super) fn beside(&self) -> Beside<'_> {
        Beside { intelligence: &self.book.intelligence, policies: &self.ruling.policies }
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
