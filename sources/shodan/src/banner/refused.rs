use std::fmt;

/// A banner that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its port, if at least that can be told.
    pub port: Option<u16>,
    /// Why.
    pub reason: Reason,
}

/// Why a banner could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It is no JSON object.
    NotAnObject,
    /// It does not say where: no address that can be read.
    NoAddress,
    /// It does not say where: no port from 1 to 65 535.
    NoPort,
    /// It does not say when.
    NoDate,
    /// It is neither TCP nor UDP.
    UnknownTransport,
    /// It is longer than the bound that was set.
    TooLong,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "it is no JSON object",
            Self::NoAddress => "it has no address",
            Self::NoPort => "it has no port",
            Self::NoDate => "it has no date",
            Self::UnknownTransport => "it is neither TCP nor UDP",
            Self::TooLong => "it is too long",
        })
    }
}
