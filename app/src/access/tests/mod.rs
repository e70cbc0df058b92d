//! Journeys through the front door, as people, programs and attackers take them.

mod registering;
mod sessions;
mod tokens;

use super::*;
use crate::testing::Bench;
use crate::{Error, UserErrorCode};

const PASSWORD: &str = "a sentence is good";

fn ada() -> Register {
    Register { email: "Ada@Example.com".into(), password: PASSWORD.into(), name: "Ada".into(), ..Register::default() }
}

fn anywhere() -> Client {
    Client::default()
}

fn login_of(email: &str, password: &str) -> Login {
    Login { email: email.into(), password: password.into() }
}

async fn registered(bench: &Bench) -> SignedIn {
    register(bench, ada(), &anywhere()).await.unwrap()
}

async fn bearer(bench: &Bench, token: &str) -> Option<Caller> {
    authenticate(bench, Credential::Bearer(token)).await.unwrap()
}

fn codes(error: &Error) -> Vec<(UserErrorCode, String)> {
    let Error::User(faults) = error else { panic!("{error}") };
    faults.iter().map(|f| (f.code, f.field.last().cloned().unwrap_or_default())).collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> (UserErrorCode, String) {
    codes(&result.unwrap_err()).remove(0)
}
