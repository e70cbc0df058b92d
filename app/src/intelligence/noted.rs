use domain::cve::CveId;
use domain::intelligence::{CveFacts, Cvss, Epss, Exploit, Exploitation, KevEntry, SsvcRecord};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ports::{self, EpssScore, ExploitDatabase, KnownExploit, KnownExploited, VulnerabilityFacts};

/// What findings are judged by of one CVE, apart from CISA's catalogue; small, for all of them are held together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Noted {
    pub cve: CveId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Cvss>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssvc: Option<SsvcRecord>,
    /// The published exploits that are ranked best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exploits: Vec<Exploit>,
    /// When the database of vulnerabilities last told of it, or that it knows nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// When CISA's judgement was last asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged: Option<Timestamp>,
}

/// What people read about a CVE, beside what findings are judged by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Details {
    /// What it is, at most 4 KiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Links, http and https only, at most 50.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// What sort of weakness, such as `CWE-78`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published_at: Option<Timestamp>,
    /// When this was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fetched_at: Option<Timestamp>,
}

/// Exploits that are kept of a CVE; a finding keeps no more.
const MOST_EXPLOITS: usize = 3;

/// What a change of it makes news: half a percentage point of EPSS, any score, CISA's judgement, an exploit.
#[derive(Default, PartialEq)]
struct Substance<'a> {
    epss: Option<u16>,
    cvss: Option<(&'a str, u64)>,
    ssvc: Option<(Option<Exploitation>, Option<bool>, Option<bool>)>,
    exploits: &'a [Exploit],
}

impl Noted {
    pub(super) fn new(cve: CveId) -> Self {
        Self { cve, epss: None, cvss: None, ssvc: None, exploits: Vec::new(), asked: None, judged: None }
    }

    /// Would it be judged otherwise than another? Every threshold of the risk score lies between two steps of EPSS.
    pub(super) fn differs(&self, other: Option<&Self>) -> bool {
        self.substance() != other.map_or_else(Substance::default, Self::substance)
    }

    fn substance(&self) -> Substance<'_> {
        Substance {
            epss: self.epss.as_ref().map(|epss| step(epss.probability)),
            cvss: self.cvss.as_ref().map(|cvss| (cvss.version.as_str(), cvss.score.to_bits())),
            ssvc: self.ssvc.as_ref().map(|ssvc| (ssvc.exploitation, ssvc.automatable, ssvc.total_impact)),
            exploits: &self.exploits,
        }
    }

    /// Takes over published exploits, the best; none takes nothing back.
    pub(super) fn publish<'a>(&mut self, known: impl IntoIterator<Item = &'a KnownExploit>) {
        let about = known.into_iter().filter(|one| one.cves.contains(&self.cve)).filter_map(published);
        let mut all: Vec<Exploit> = about.chain(self.exploits.iter().cloned()).collect();
        all.sort_by(|a, b| {
            b.reliability()
                .cmp(&a.reliability())
                .then_with(|| (&a.database, &a.rank, a.date).cmp(&(&b.database, &b.rank, b.date)))
        });
        all.dedup();
        all.truncate(MOST_EXPLOITS);
        self.exploits = all;
    }

    /// Takes over a score. One of an earlier day than ours is no news.
    pub(super) fn score(&mut self, score: &EpssScore) {
        let older = |ours: &Epss| ours.date.is_some() && score.date < ours.date;
        if !self.epss.as_ref().is_some_and(older) {
            let (probability, percentile) = (score.probability, score.percentile);
            self.epss = Some(Epss { probability, percentile, date: score.date });
        }
    }

    /// Takes over what the database tells; `None`: it knows nothing of the CVE, which takes nothing back.
    pub(super) fn learn(&mut self, facts: Option<&VulnerabilityFacts>, now: Timestamp) {
        self.asked = Some(now);
        let Some(facts) = facts else { return };
        if let Some(score) = &facts.epss {
            self.score(score);
        }
        if let Some(best) = facts.cvss.first() {
            let as_of = Some(now.to_zoned(jiff::tz::TimeZone::UTC).date());
            self.cvss = Some(Cvss { version: best.version.clone(), score: best.score, as_of });
        }
    }

    /// Takes over CISA's judgement; `None`: it made none.
    pub(super) fn judge(&mut self, record: Option<&ports::SsvcRecord>, now: Timestamp) {
        self.judged = Some(now);
        if let Some(record) = record {
            self.ssvc = Some(SsvcRecord {
                exploitation: record.exploitation.map(|word| match word {
                    ports::Exploitation::None => Exploitation::None,
                    ports::Exploitation::Poc => Exploitation::Poc,
                    ports::Exploitation::Active => Exploitation::Active,
                }),
                automatable: record.automatable,
                total_impact: record.total_impact,
                decided_at: record.decided_at,
            });
        }
    }

    /// As the core reads it.
    pub(super) fn facts(&self, kev: Option<&KnownExploited>) -> CveFacts {
        CveFacts {
            kev: kev.map(entry),
            epss: self.epss.clone(),
            cvss: self.cvss.clone(),
            exploits: self.exploits.clone(),
            ssvc: self.ssvc.clone(),
        }
    }
}

/// An exploit as the core reads it. `None`: a vulnerability, and no exploit of it.
fn published(known: &KnownExploit) -> Option<Exploit> {
    let database = match known.database {
        ExploitDatabase::Cve => return None,
        ExploitDatabase::ExploitDb => "Exploit-DB",
        ExploitDatabase::Metasploit => "Metasploit",
    };
    let date = known.date.map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date());
    Some(Exploit { database: database.into(), rank: known.rank.clone(), date })
}

/// An entry of CISA's catalogue as the core reads it.
pub(super) fn entry(known: &KnownExploited) -> KevEntry {
    KevEntry { added_on: known.added_on, due_on: known.due_on, ransomware: known.ransomware }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 200")]
fn step(probability: f64) -> u16 {
    (probability.clamp(0.0, 1.0) * 200.0).floor() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(probability: f64) -> Noted {
        let mut noted = Noted::new(CveId::parse("CVE-2021-36260").unwrap());
        noted.score(&EpssScore {
            cve: noted.cve.clone(),
            probability,
            percentile: 0.5,
            date: "2026-03-02".parse().ok(),
        });
        noted
    }

    #[test]
    fn a_score_is_news_where_it_passes_a_threshold_and_not_each_day() {
        assert!(!noted(0.0512).differs(Some(&noted(0.0534))));
        assert!(noted(0.0999).differs(Some(&noted(0.1))), "from here on an attack counts as automatable");
        assert!(noted(0.0249).differs(Some(&noted(0.025))), "from here on it adds a point");
        assert!(noted(0.001).differs(None));
    }

    #[test]
    fn what_is_not_told_takes_nothing_back() {
        let mut known = noted(0.5);
        let before = known.clone();
        known.learn(None, Timestamp::UNIX_EPOCH);
        known.judge(None, Timestamp::UNIX_EPOCH);
        assert!(!known.differs(Some(&before)));
        let yesterday = EpssScore { probability: 0.1, date: "2026-03-01".parse().ok(), ..score() };
        known.score(&yesterday);
        assert!(!known.differs(Some(&before)), "an older score than ours");
    }

    fn score() -> EpssScore {
        EpssScore { cve: CveId::parse("CVE-2021-36260").unwrap(), probability: 0.0, percentile: 0.0, date: None }
    }
}
