use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::function::{Function, Trigger};
use super::settings::Settings;
use super::{HostError, route::Route};

const HOST: &str = "host.json";
/// How long a program may take to answer at all.
const INITIALIZATION: Duration = Duration::from_secs(30);
/// What the host allows a function on the Flex plan when `host.json` says nothing.
const FUNCTION_TIMEOUT: Duration = Duration::from_mins(30);

/// A package as the host reads it.
#[derive(Clone, Debug)]
pub struct Application {
    /// The folder with `host.json`; the program runs there.
    pub root: PathBuf,
    /// The program.
    pub executable: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The functions, by name.
    pub functions: Vec<Function>,
    /// How queues are read.
    pub queues: Queues,
    /// How long an invocation may take before the host kills the program.
    pub function_timeout: Duration,
    /// How long the program may take to answer at all.
    pub initialization_timeout: Duration,
}

/// `extensions.queues` of `host.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queues {
    /// How many messages are taken at once, 1 to 32.
    pub batch_size: usize,
    /// How often a message is tried before it goes to the poison queue.
    pub max_dequeue_count: u32,
    /// How long a message stays away after a failure.
    pub visibility_timeout: Duration,
}

impl Application {
    /// Reads `host.json` and the folders beside it, by the host's rules.
    pub(super) fn load(root: &Path, settings: &Settings) -> Result<Self, HostError> {
        let host = settings.override_host(read(&root.join(HOST), HOST)?);
        check(&host)?;
        let path = text(&host, "/customHandler/description/defaultExecutablePath").unwrap_or_default();
        let executable = executable(root, &settings.resolve(HOST, path)?)?;
        let arguments = list(&host, "/customHandler/description/arguments");
        let arguments = arguments.iter().map(|argument| settings.resolve(HOST, argument)).collect::<Result<_, _>>()?;
        let timeout = |pointer, otherwise| duration(&host, pointer).map(|given| given.unwrap_or(otherwise));
        Ok(Self {
            root: root.to_owned(),
            executable,
            arguments,
            functions: functions(root, &host, settings)?,
            queues: queues(&host)?,
            function_timeout: timeout("/functionTimeout", FUNCTION_TIMEOUT)?,
            initialization_timeout: timeout("/customHandler/initializationTimeout", INITIALIZATION)?,
        })
    }

    /// The function of that name.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }
}

fn check(host: &Value) -> Result<(), HostError> {
    let wrong = |why: &str| Err(HostError::package(HOST, why));
    if text(host, "/version") != Some("2.0") {
        return wrong("its version must be \"2.0\"");
    }
    if host.pointer("/customHandler/http/routes").is_some() {
        return wrong("both function.json files and customHandler.http.routes: only one is supported");
    }
    if host.pointer("/customHandler/enableProxyingHttpRequest") != Some(&Value::Bool(true)) {
        return wrong("the stand-in knows enableProxyingHttpRequest only");
    }
    if host.get("retry").is_some() {
        return wrong("a retry policy for all functions is no longer supported");
    }
    Ok(())
}

fn executable(root: &Path, path: &str) -> Result<PathBuf, HostError> {
    if path.is_empty() {
        return Err(HostError::package(HOST, "customHandler.description.defaultExecutablePath is missing"));
    }
    let executable = root.join(path);
    let why = || HostError::package(HOST, format!("the program {path:?} is missing or lacks its execute bit"));
    let metadata = std::fs::metadata(&executable).map_err(|_| why())?;
    if metadata.is_file() && is_executable(&metadata) { Ok(executable) } else { Err(why()) }
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    true
}

/// The folders directly below, never deeper, that have a `function.json`.
fn functions(root: &Path, host: &Value, settings: &Settings) -> Result<Vec<Function>, HostError> {
    let failed = |error: std::io::Error| HostError::package(HOST, error.to_string());
    let prefix = text(host, "/extensions/http/routePrefix").unwrap_or("api");
    let mut functions = Vec::new();
    for folder in std::fs::read_dir(root).map_err(failed)? {
        let folder = folder.map_err(failed)?;
        let name = folder.file_name().to_string_lossy().into_owned();
        let file = folder.path().join("function.json");
        if file.is_file() {
            functions.push(Function::read(&name, &read(&file, &name)?, prefix, settings)?);
        }
    }
    functions.sort_by(|one, other| one.name.cmp(&other.name));
    if functions.is_empty() {
        return Err(HostError::package(HOST, "no job functions found"));
    }
    let queues = functions.iter().any(|function| matches!(function.trigger, Trigger::Queue { .. }));
    if queues && text(host, "/extensionBundle/id").is_none() {
        return Err(HostError::package(HOST, "a queue trigger needs an extension bundle"));
    }
    no_conflict(&functions)?;
    Ok(functions)
}

fn no_conflict(functions: &[Function]) -> Result<(), HostError> {
    let routes = |function: &Function| -> Option<(Route, Vec<String>)> {
        let Trigger::Http(http) = &function.trigger else { return None };
        Some((http.route.clone(), http.methods.clone()))
    };
    for (at, one) in functions.iter().enumerate() {
        for other in &functions[at + 1..] {
            let (Some((route, methods)), Some((taken, others))) = (routes(one), routes(other)) else { continue };
            let shared =
                methods.is_empty() || others.is_empty() || methods.iter().any(|method| others.contains(method));
            if shared && route.same(&taken) {
                return Err(HostError::package(&other.name, format!("its route conflicts with that of {}", one.name)));
            }
        }
    }
    Ok(())
}

fn queues(host: &Value) -> Result<Queues, HostError> {
    let at = |name: &str| host.pointer(&format!("/extensions/queues/{name}"));
    if at("messageEncoding").is_some_and(|encoding| encoding != "base64") {
        return Err(HostError::package(HOST, "the program writes base64, and messageEncoding says otherwise"));
    }
    let number = |name, otherwise| at(name).and_then(Value::as_u64).unwrap_or(otherwise);
    let batch_size = number("batchSize", 16);
    if !(1..=32).contains(&batch_size) {
        return Err(HostError::package(HOST, "batchSize must be 1 to 32"));
    }
    Ok(Queues {
        batch_size: usize::try_from(batch_size).unwrap_or(32),
        max_dequeue_count: u32::try_from(number("maxDequeueCount", 5)).unwrap_or(u32::MAX),
        visibility_timeout: duration(host, "/extensions/queues/visibilityTimeout")?.unwrap_or_default(),
    })
}

fn read(file: &Path, place: &str) -> Result<Value, HostError> {
    let bytes = std::fs::read(file).map_err(|error| HostError::package(place, error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| HostError::package(place, error.to_string()))
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

fn list(value: &Value, pointer: &str) -> Vec<String> {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A .NET time span `hh:mm:ss`.
fn duration(value: &Value, pointer: &str) -> Result<Option<Duration>, HostError> {
    let Some(value) = value.pointer(pointer) else { return Ok(None) };
    let parts: Option<Vec<u64>> =
        value.as_str().and_then(|text| text.split(':').map(|part| part.parse().ok()).collect());
    match parts.as_deref() {
        Some([hours @ 0..24, minutes @ 0..60, seconds @ 0..60]) => {
            Ok(Some(Duration::from_secs(hours * 3600 + minutes * 60 + seconds)))
        }
        _ => Err(HostError::package(HOST, format!("{pointer} is no time span: {value}"))),
    }
}
