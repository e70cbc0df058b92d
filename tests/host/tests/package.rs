use std::fs;

use serde_json::{Value, json};

use super::{app, edit, load, package, settings};
use crate::host::{HostError, Trigger};

/// The reason for which the host refuses a package.
fn refusal(folder: &tempfile::TempDir) -> String {
    load(&app(folder), &settings()).unwrap_err().to_string()
}

#[test]
fn the_repository_makes_a_package_that_the_host_takes() {
    let folder = package();
    let application = load(&app(&folder), &settings()).unwrap();
    let kind = |name: &str| application.function(name).map(|function| &function.trigger);
    for name in ["export", "graphql", "healthz", "hooks", "readyz"] {
        assert!(matches!(kind(name), Some(Trigger::Http(_))), "{name}");
    }
    assert!(matches!(kind("poll"), Some(Trigger::Timer { binding, schedule, .. })
        if binding == "timer" && schedule == "0 * * * * *"));
    assert!(matches!(kind("notify"), Some(Trigger::Queue { binding, queue })
        if binding == "msg" && queue == app::ports::QueueName::Notifications.as_str()));
    assert_eq!(application.queues.max_dequeue_count, 5);
    assert_eq!(application.queues.visibility_timeout.as_secs(), 60);
}

#[test]
fn no_route_of_the_package_leads_to_a_trigger() {
    let folder = package();
    let application = load(&app(&folder), &settings()).unwrap();
    assert!(application.functions.iter().all(|function| !function.takes_any_path()));
    let taken = |path: &str| {
        let http = application.functions.iter().filter_map(|function| match &function.trigger {
            Trigger::Http(http) => Some(http),
            _ => None,
        });
        http.filter(|http| http.route.matches(path)).count()
    };
    assert_eq!([taken("/poll"), taken("/notify"), taken("/graphql")], [0, 0, 1]);
}

#[test]
fn every_http_function_is_open_and_names_its_methods_because_the_program_decides_who_may() {
    let folder = package();
    for function in load(&app(&folder), &settings()).unwrap().functions {
        if let Trigger::Http(http) = &function.trigger {
            assert!(http.anonymous && !http.methods.is_empty(), "{}", function.name);
        }
    }
}

#[test]
fn a_schedule_that_nobody_set_is_refused() {
    let folder = package();
    let without: Vec<_> = settings().into_iter().filter(|(name, _)| name == "AzureWebJobsStorage").collect();
    let refused = load(&app(&folder), &without).unwrap_err().to_string();
    assert!(refused.contains("%IOTMONITOR_POLL_SCHEDULE%"), "{refused}");
}

#[test]
fn a_trigger_without_its_storage_is_refused_and_an_identity_will_do() {
    let folder = package();
    let schedule = ("IOTMONITOR_POLL_SCHEDULE".to_owned(), "0 */5 * * * *".to_owned());
    let refused = load(&app(&folder), std::slice::from_ref(&schedule)).unwrap_err().to_string();
    assert!(refused.contains("AzureWebJobsStorage"), "{refused}");
    let identity = ("AzureWebJobsStorage__accountName".to_owned(), "example".to_owned());
    assert!(load(&app(&folder), &[schedule, identity]).is_ok());
}

#[cfg(unix)]
#[test]
fn a_program_without_its_execute_bit_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = package();
    let program = app(&folder).join("iotmonitor");
    fs::set_permissions(program, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refusal(&folder).contains("execute bit"));
}

#[test]
fn a_name_that_the_host_would_not_index_is_refused() {
    let folder = package();
    edit(&folder, "notify/function.json", |json| json["bindings"][0]["name"] = json!("my_message"));
    assert!(refusal(&folder).contains("my_message"));
    let folder = package();
    fs::rename(app(&folder).join("poll"), app(&folder).join("2poll")).unwrap();
    assert!(matches!(load(&app(&folder), &settings()), Err(HostError::Package { place, .. }) if place == "2poll"));
}

#[test]
fn two_functions_on_one_route_are_refused_unless_their_methods_differ() {
    let folder = package();
    edit(&folder, "healthz/function.json", |json| json["bindings"][0]["route"] = json!("READYZ"));
    assert!(refusal(&folder).contains("conflicts"));
    edit(&folder, "healthz/function.json", |json| json["bindings"][0]["methods"] = json!(["post"]));
    assert!(load(&app(&folder), &settings()).is_ok());
}

#[test]
fn what_host_json_must_not_say_is_refused() {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 6] = [
        (|host| host["version"] = json!("1.0"), "version"),
        (|host| host["retry"] = json!({"strategy": "fixedDelay"}), "retry"),
        (|host| host["customHandler"]["http"] = json!({"routes": [{"route": "{*route}"}]}), "routes"),
        (|host| host["extensions"]["queues"]["messageEncoding"] = json!("none"), "messageEncoding"),
        (|host| host["extensions"]["queues"]["batchSize"] = json!(33), "batchSize"),
        (|host| host["functionTimeout"] = json!("10 minutes"), "functionTimeout"),
    ];
    for (change, reason) in changes {
        let folder = package();
        edit(&folder, "host.json", change);
        let refused = refusal(&folder);
        assert!(refused.contains(reason), "{refused}");
    }
}
