use std::collections::BTreeMap;
use std::str::FromStr;

use super::ConfigError;

/// The variables as they were when the program started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Those of this process. What is no Unicode is not ours.
    #[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn of_process() -> Self {
        let pairs =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self(pairs.collect())
    }

    /// These and no others.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// A variable without blanks around it; an empty one is not set.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A variable that has a form. Its text is shown in the error: never for secrets.
    pub fn parsed<T: FromStr>(&self, name: &'static str, form: &str) -> Result<Option<T>, ConfigError> {
        let parse =
            |text: &str| text.parse().map_err(|_| ConfigError::invalid(name, format!("{text:?} is not {form}")));
        self.text(name).map(parse).transpose()
    }

    /// A list, separated by commas or blanks. Its text is shown in the error: never for secrets.
    pub fn list<T: FromStr>(&self, name: &'static str, form: &str) -> Result<Vec<T>, ConfigError> {
        let items = self.text(name).unwrap_or_default().split([',', ' ']).filter(|item| !item.is_empty());
        items
            .map(|item| item.parse().map_err(|_| ConfigError::invalid(name, format!("{item:?} is not {form}"))))
            .collect()
    }

    /// A secret: the variable itself, or the content of the file that `NAME_FILE` names.
    pub fn secret(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let file = format!("{name}_FILE");
        match (self.text(name), self.text(&file)) {
            (Some(_), Some(_)) => Err(ConfigError::invalid(name, format!("{file} is set too: keep one of them"))),
            (Some(value), None) => Ok(Some(value.to_owned())),
            (None, None) => Ok(None),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(text) if text.trim().is_empty() => Err(ConfigError::invalid(file, format!("{path} is empty"))),
                Ok(text) => Ok(Some(text.trim().to_owned())),
                Err(error) => Err(ConfigError::invalid(file, format!("{path} cannot be read: {error}"))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "IOTMONITOR_SHODAN_KEY";

    #[test]
    fn a_secret_comes_from_its_variable_or_from_a_file_but_not_from_both() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "s3cret\n").unwrap();
        let file = ("IOTMONITOR_SHODAN_KEY_FILE", path.to_str().unwrap());
        assert_eq!(Environment::of([file]).secret(NAME).unwrap().unwrap(), "s3cret");
        assert_eq!(Environment::of([(NAME, " s3cret ")]).secret(NAME).unwrap().unwrap(), "s3cret");
        assert!(Environment::of([file, (NAME, "other")]).secret(NAME).is_err());
        std::fs::write(&path, "\n").unwrap();
        assert!(Environment::of([file]).secret(NAME).unwrap_err().to_string().contains("is empty"));
        std::fs::remove_file(&path).unwrap();
        assert!(Environment::of([file]).secret(NAME).unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        let environment = Environment::of([(NAME, "  ")]);
        assert_eq!(environment.text(NAME), None);
        assert_eq!(environment.secret(NAME).unwrap(), None);
        assert!(environment.list::<u8>(NAME, "a number").unwrap().is_empty());
    }
}
