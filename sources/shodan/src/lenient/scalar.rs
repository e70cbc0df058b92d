use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::list;

/// Is it `null`?
pub fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// A string, unescaped.
pub fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    raw.get().starts_with('"').then(|| serde_json::from_str::<Text<'_>>(raw.get()).ok().map(|text| text.0))?
}

/// A string, or a number as it is written.
pub fn digits(raw: &RawValue) -> Option<Cow<'_, str>> {
    let written = raw.get();
    if written.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
        Some(Cow::Borrowed(written))
    } else {
        string(raw)
    }
}

/// A number or a string that says one.
pub fn decimal(raw: &RawValue) -> Option<f64> {
    digits(raw)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A whole number, a string that says one, or a fraction whose part after the point is nought.
pub fn integer<T: TryFrom<i64>>(raw: &RawValue) -> Option<T> {
    let written = digits(raw)?;
    let written = written.trim();
    let whole =
        written.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0')).map_or(written, |(whole, _)| whole);
    whole.parse::<i64>().ok().and_then(|number| T::try_from(number).ok())
}

/// A truth value, as such, as a string or as 0 and 1.
pub fn truth(raw: &RawValue) -> Option<bool> {
    match raw.get() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => match string(raw)?.trim() {
            yes if yes.eq_ignore_ascii_case("true") => Some(true),
            no if no.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
    }
}

/// A list of strings and numbers, or a single one. What else stands in it is left out.
pub fn texts(raw: &RawValue) -> Vec<Cow<'_, str>> {
    match list(raw) {
        Some(items) => items.into_iter().filter_map(digits).collect(),
        None => digits(raw).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn numbers_are_read_from_numbers_and_strings() {
        assert_eq!(decimal(&raw("5.0")), Some(5.0));
        assert_eq!(decimal(&raw("\"5.0\"")), Some(5.0));
        assert_eq!(decimal(&raw("\"NaN\"")), None);
        assert_eq!(decimal(&raw("1e999")), None);
        assert_eq!(integer::<u16>(&raw("\"443\"")), Some(443));
        assert_eq!(integer::<u16>(&raw("443.0")), Some(443));
        assert_eq!(integer::<u16>(&raw("65536")), None);
        assert_eq!(integer::<u32>(&raw("-1")), None);
        assert_eq!(integer::<i64>(&raw("[1]")), None);
    }

    #[test]
    fn a_number_beyond_64_bits_keeps_every_digit() {
        let serial = "340282366920938463463374607431768211455";
        assert_eq!(digits(&raw(serial)).unwrap(), serial);
    }

    #[test]
    fn one_string_is_a_list_of_one() {
        assert_eq!(texts(&raw(r#""cpe:/a:x""#)), ["cpe:/a:x"]);
        assert_eq!(texts(&raw(r#"["a",null,{"b":1},2]"#)), ["a", "2"]);
        assert!(texts(&raw("null")).is_empty());
    }

    #[test]
    fn truth_has_many_spellings() {
        for yes in ["true", "1", "\"True\""] {
            assert_eq!(truth(&raw(yes)), Some(true), "{yes}");
        }
        assert_eq!(truth(&raw("\"FALSE\"")), Some(false));
        assert_eq!(truth(&raw("null")), None);
    }
}
