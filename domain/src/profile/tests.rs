use serde_json::{Value, json};

use super::sign::SIGNS;
use super::{DeviceClass, read};
use crate::asset::DeviceProfile;
use crate::rule::Facts;
use crate::service::Service;

fn service(port: u16, changes: Value) -> Service {
    let mut banner =
        json!({"port": port, "transport": "TCP", "observedAt": "2026-03-14T08:01:11Z", "hash": format!("{port}")});
    let Value::Object(changes) = changes else { panic!("an object") };
    for (name, value) in changes {
        banner[name] = value;
    }
    serde_json::from_value(json!({
        "id": format!("service_0001J8ZQ4W3E9V6T5R2P1N0M8K7H08080808-{port}t"), "state": "OPEN",
        "source": "SHODAN_HOST", "firstObservedAt": "2026-03-14T08:01:11Z", "lastObservedAt": "2026-03-14T08:01:11Z",
        "observedAtExact": true, "polledAt": "2026-03-14T08:01:11Z", "banner": banner,
    }))
    .unwrap()
}

#[test]
fn every_sign_matches_its_example_and_not_the_other() {
    let mut wrong = Vec::new();
    for sign in SIGNS.iter() {
        let (field, facts) = (&sign.written.field, Facts::new());
        match sign.tells(&sign.written.example, &facts) {
            None => wrong.push(format!("{field}: {:?} does not match", sign.written.example)),
            Some(tells) => {
                let told = json!({"vendor": tells.vendor, "model": tells.model, "firmware": tells.firmware});
                for (name, value) in &sign.written.tells {
                    if told[name] != json!(value) {
                        wrong.push(format!("{field}: {:?} tells {}, not {value}", sign.written.example, told[name]));
                    }
                }
                if tells == super::Tells::default() {
                    wrong.push(format!("{field}: {:?} tells nothing", sign.written.example));
                }
            }
        }
        if sign.tells(&sign.written.other, &facts).is_some() {
            wrong.push(format!("{field}: {:?} matches", sign.written.other));
        }
        if !(1..=100).contains(&sign.written.weight) {
            wrong.push(format!("{field}: weight"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_controller_names_itself_and_says_where() {
    let modbus = service(
        502,
        json!({"module": "modbus", "text": "Unit ID: 0\n-- Device Identification: Schneider Electric BMX P34 2020 v2.5\n"}),
    );
    let web = service(80, json!({"module": "http", "product": "nginx"}));
    let told = read([&web, &modbus]);
    assert_eq!(told, read([&modbus, &web]), "the order makes no difference");
    let model = told.model.clone().unwrap();
    assert_eq!((model.value.as_str(), model.field.as_str()), ("BMX P34 2020", "service.banner"));
    assert_eq!(model.service, modbus.id);
    assert_eq!(told.class.as_ref().unwrap().value, DeviceClass::Plc);
    assert_eq!(told.vendor.as_ref().unwrap().value, "Schneider Electric");
    assert_eq!(told.firmware.as_ref().unwrap().value, "2.5");
}

#[test]
fn its_own_protocol_counts_more_than_the_name_of_its_software() {
    let web = service(
        80,
        json!({"module": "http", "product": "Hikvision IP Camera",
            "blocks": {"hikvision": {"device_model": "DS-2CD2032-I", "device_version": "V5.2.0 build 140721"}}}),
    );
    let upnp = service(
        1900,
        json!({"module": "upnp", "product": "MiniUPnPd", "blocks": {"upnp": {"manufacturer": "NETGEAR", "model_name": "WNR2000"}}}),
    );
    let told = read([&upnp, &web]);
    assert_eq!(told.class.unwrap().value, DeviceClass::Camera);
    assert_eq!(told.model.unwrap().value, "DS-2CD2032-I");
    assert_eq!(told.firmware.unwrap().value, "V5.2.0 build 140721");
}

#[test]
fn what_a_person_wrote_stays_and_what_contradicts_it_is_left_out() {
    let told =
        read([&service(161, json!({"module": "snmp", "blocks": {"snmp": {"description": "RouterOS RB750Gr3"}}}))]);
    let filled =
        told.fill(&DeviceProfile { model: Some("mine".into()), site: Some("Rome".into()), ..DeviceProfile::default() });
    assert_eq!(filled.model.as_deref(), Some("mine"));
    assert_eq!(filled.vendor.as_deref(), Some("MikroTik"));
    assert_eq!(filled.device_type.as_deref(), Some("router"));
    assert_eq!(filled.site.as_deref(), Some("Rome"));
    let other = DeviceProfile { vendor: Some("Cisco".into()), ..DeviceProfile::default() };
    assert_eq!(told.fill(&other), other);
}

#[test]
fn closed_services_and_hostile_names_tell_nothing() {
    let mut gone = service(502, json!({"module": "modbus"}));
    gone.state = crate::service::ServiceState::Closed;
    assert_eq!(read([&gone]), super::Reading::default());
    let long = "A".repeat(5000);
    let hostile = service(80, json!({"blocks": {"hikvision": {"device_model": format!("\u{1b}[31m{long}")}}}));
    let model = read([&hostile]).model.unwrap();
    assert!(model.value.len() <= 100 && !model.value.chars().any(char::is_control) && model.seen.len() <= 200);
}
