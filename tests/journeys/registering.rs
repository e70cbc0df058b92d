//! A person registers: with the setup code while nobody is registered, and nobody else without an invitation.

use serde_json::{Value, json};

use crate::world::{Mode, PASSWORD, SETUP_CODE, Wishes, World};

#[tokio::test]
async fn on_one_machine_the_first_person_registers_with_the_setup_code() {
    the_first_person_registers(Mode::Machine).await;
}

#[tokio::test]
async fn on_azure_the_first_person_registers_with_the_setup_code() {
    the_first_person_registers(Mode::Azure).await;
}

async fn the_first_person_registers(mode: Mode) {
    let Some(mut world) = World::deployed(mode, Wishes::default()).await else { return };
    nobody_sees_anything(&world).await;

    let refused = world.register("ops@plant.example", "a guess").await;
    assert!(refused["token"].is_null() && refused["userErrors"][0]["code"].is_string(), "{refused}");
    let registered = world.register("ops@plant.example", SETUP_CODE).await;
    assert_eq!(registered["userErrors"], json!([]));
    assert_eq!(registered["viewer"], json!({"role": "OWNER", "user": {"email": "ops@plant.example"}}));
    let late = world.register("late@plant.example", SETUP_CODE).await;
    assert!(late["token"].is_null() && late["userErrors"][0]["code"].is_string(), "{late}");
    nobody_sees_anything(&world).await;

    // What was registered is there after a restart, and only the right password opens it.
    world.kill().await;
    world.restart().await;
    assert_eq!(login(&world, "another long pass phrase").await["userErrors"][0]["code"], "INVALID_CREDENTIALS");
    let session = login(&world, PASSWORD).await;
    world.sign_in(session["token"].as_str().unwrap_or_else(|| panic!("{session}")));
    let seen = world.ask("{ viewer { role organizations { name } } }", json!({})).await;
    assert_eq!(seen["viewer"], json!({"role": "OWNER", "organizations": [{"name": "Plant"}]}));
}

async fn nobody_sees_anything(world: &World) {
    for field in ["organization { name }", "findings { totalCount }", "monitorStatus { version }"] {
        let answer = world.ask_whole(&format!("{{ {field} }}"), json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
    }
}

async fn login(world: &World, password: &str) -> Value {
    let login = "mutation($input: LoginInput!) { login(input: $input) { token userErrors { code } } }";
    world.ask(login, json!({"input": {"email": "ops@plant.example", "password": password}})).await["login"].take()
}
