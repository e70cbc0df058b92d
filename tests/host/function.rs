use serde_json::Value;

use super::route::Route;
use super::settings::Settings;
use super::{HostError, schedule};

/// A function: a folder with its `function.json`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The folder's name, and the path under which a trigger calls the program.
    pub name: String,
    /// What wakes it.
    pub trigger: Trigger,
}

/// What wakes a function.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A request from outside.
    Http(Http),
    /// The clock.
    Timer {
        /// The binding's name: the key in `Data`.
        binding: String,
        /// The schedule with its settings filled in.
        schedule: String,
        /// Does the host keep a record of past runs? Then it reports them.
        use_monitor: bool,
    },
    /// A message.
    Queue {
        /// The binding's name: the key in `Data`.
        binding: String,
        /// The queue's name.
        queue: String,
    },
}

/// An HTTP trigger.
#[derive(Clone, Debug)]
pub struct Http {
    pub(super) route: Route,
    pub(super) methods: Vec<String>,
    pub(super) anonymous: bool,
}

impl Function {
    /// Does a request with any path reach it, the paths of triggers included?
    pub fn takes_any_path(&self) -> bool {
        matches!(&self.trigger, Trigger::Http(http) if http.route.is_catch_all())
    }

    pub(super) fn read(name: &str, json: &Value, prefix: &str, settings: &Settings) -> Result<Self, HostError> {
        let wrong = |why: String| HostError::package(name, why);
        if !is_function_name(name) {
            return Err(wrong(
                "a function's name must match [A-Za-z][A-Za-z0-9_-]{0,127} and not be \"host\"".to_owned(),
            ));
        }
        let bindings = json["bindings"].as_array().map(Vec::as_slice).unwrap_or_default();
        check_names(bindings).map_err(wrong)?;
        let (triggers, others): (Vec<&Value>, Vec<&Value>) = bindings.iter().partition(|binding| is_trigger(binding));
        let [trigger] = triggers[..] else {
            return Err(wrong(format!("a function has one trigger, not {}", triggers.len())));
        };
        let trigger = Binding { function: name, json: trigger, settings };
        let trigger = match trigger.text("type").unwrap_or_default() {
            "httpTrigger" => trigger.http(prefix, &others),
            _ if !others.is_empty() => Err(wrong("the stand-in knows no outputs but http".to_owned())),
            "timerTrigger" => trigger.timer(),
            "queueTrigger" if json.get("retry").is_some() => Err(wrong("queues have no retry policy".to_owned())),
            "queueTrigger" => trigger.queue(),
            kind => Err(wrong(format!("the stand-in does not know {kind:?}"))),
        }?;
        Ok(Self { name: name.to_owned(), trigger })
    }
}

struct Binding<'a> {
    function: &'a str,
    json: &'a Value,
    settings: &'a Settings,
}

impl Binding<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.json[key].as_str()
    }

    fn name(&self) -> String {
        self.text("name").unwrap_or_default().to_owned()
    }

    fn wrong(&self, why: impl Into<String>) -> HostError {
        HostError::package(self.function, why)
    }

    fn http(&self, prefix: &str, others: &[&Value]) -> Result<Trigger, HostError> {
        // Anything else is called with an envelope instead of being proxied.
        if others.len() != 1 || others[0]["type"] != "http" || others[0]["direction"] != "out" {
            return Err(self.wrong("a proxied function has one trigger and one http output"));
        }
        let route = self.text("route").unwrap_or(self.function);
        let route = Route::parse(prefix, route).map_err(|why| self.wrong(why))?;
        let methods = self.json["methods"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let methods = methods.map(str::to_ascii_uppercase).collect();
        Ok(Trigger::Http(Http { route, methods, anonymous: self.text("authLevel") == Some("anonymous") }))
    }

    fn timer(&self) -> Result<Trigger, HostError> {
        self.storage("AzureWebJobsStorage")?;
        let schedule = self.settings.resolve(self.function, self.text("schedule").unwrap_or_default())?;
        if !schedule::is_valid(&schedule) {
            return Err(self.wrong(format!("the schedule {schedule:?} is not valid")));
        }
        let use_monitor = self.json["useMonitor"].as_bool().unwrap_or(true);
        Ok(Trigger::Timer { binding: self.name(), schedule, use_monitor })
    }

    fn queue(&self) -> Result<Trigger, HostError> {
        self.storage(self.text("connection").unwrap_or("AzureWebJobsStorage"))?;
        let queue = self.settings.resolve(self.function, self.text("queueName").unwrap_or_default())?;
        if !is_queue_name(&queue) {
            return Err(self.wrong(format!("{queue:?} is no name of a queue")));
        }
        Ok(Trigger::Queue { binding: self.name(), queue })
    }

    fn storage(&self, connection: &str) -> Result<(), HostError> {
        let there = self.settings.has_connection(connection);
        if there { Ok(()) } else { Err(self.wrong(format!("the connection '{connection}' does not exist"))) }
    }
}

fn is_trigger(binding: &Value) -> bool {
    binding["type"].as_str().is_some_and(|kind| kind.to_ascii_lowercase().ends_with("trigger"))
}

fn check_names(bindings: &[Value]) -> Result<(), String> {
    let mut seen = Vec::new();
    for binding in bindings {
        let name = binding["name"].as_str().unwrap_or_default();
        let returned = name == "$return" && binding["direction"] == "out";
        if !returned && !is_name(name, |other| other.is_ascii_alphanumeric()) {
            return Err(format!("the binding name {name:?} is invalid: letters and digits only"));
        }
        if seen.contains(&name) {
            return Err(format!("two bindings are called {name:?}"));
        }
        seen.push(name);
    }
    Ok(())
}

fn is_function_name(name: &str) -> bool {
    is_name(name, |other| other.is_ascii_alphanumeric() || "_-".contains(other)) && !name.eq_ignore_ascii_case("host")
}

/// A letter, then up to 127 of what `may` follow.
fn is_name(name: &str, may: impl Fn(char) -> bool) -> bool {
    name.len() <= 128 && name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(may)
}

fn is_queue_name(name: &str) -> bool {
    let plain = name.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-');
    let dashes = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    (3..=63).contains(&name.len()) && plain && !dashes
}
