//! One file per type of the API. A type wraps what the domain knows and shows it in the API's words; it decides
//! nothing.

pub mod actor;
pub mod asset;
pub mod audit;
pub mod channel;
pub mod counts;
pub mod decision;
pub mod delivery;
pub mod event;
pub mod exploit;
pub mod facet;
pub mod finding;
pub mod finding_filter;
pub mod finding_list;
pub mod group;
pub mod host;
pub mod member;
pub mod monitor;
pub mod node;
pub mod overview;
pub mod past;
pub mod policy;
pub mod rule;
pub mod scan;
pub mod service;
pub mod shodan;
pub mod shodan_answer;
pub mod trigger;
pub mod viewer;
pub mod vulnerability;
