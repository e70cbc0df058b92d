use serde_json::{Map, Value};

/// How an export is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// RFC 4180, with a header line.
    Csv,
    /// One JSON object per line.
    NdJson,
}

impl Format {
    /// By the end of a file's name.
    pub(super) fn of(end: &str) -> Option<Self> {
        match end {
            "csv" => Some(Self::Csv),
            "ndjson" => Some(Self::NdJson),
            _ => None,
        }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::NdJson => "application/x-ndjson",
        }
    }

    /// What comes before all records.
    pub(super) fn head(self, columns: &[&str]) -> Option<String> {
        (self == Self::Csv).then(|| format!("{}\r\n", columns.join(",")))
    }

    /// One record.
    pub(super) fn line(self, columns: &[&str], record: &[Value]) -> String {
        match self {
            Self::Csv => format!("{}\r\n", record.iter().map(cell).collect::<Vec<_>>().join(",")),
            Self::NdJson => {
                let object: Map<String, Value> =
                    columns.iter().zip(record).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                format!("{}\n", Value::Object(object))
            }
        }
    }
}

/// Lists of texts with semicolons between, as an import takes them; what has a structure as JSON.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return String::new(),
        Value::String(text) => text.clone(),
        Value::Array(list) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    };
    // A banner is somebody else's text: a spreadsheet must not take it for a formula.
    let formula = value.is_string() && text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula { format!("'{text}") } else { text };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (value, written) in [
            (json!(null), ""),
            (json!("plain"), "plain"),
            (json!("a,b"), "\"a,b\""),
            (json!("say \"hi\"\nnow"), "\"say \"\"hi\"\"\nnow\""),
            (json!(["a", "b"]), "a;b"),
            (json!([]), ""),
            (json!([{"k": 1}]), "\"[{\"\"k\"\":1}]\""),
            (json!(-3), "-3"),
            (json!("=HYPERLINK(1)"), "'=HYPERLINK(1)"),
            (json!("@cmd,x"), "\"'@cmd,x\""),
        ] {
            assert_eq!(cell(&value), written, "{value}");
        }
    }

    #[test]
    fn a_line_has_as_many_cells_as_there_are_columns() {
        let record = [json!("x"), json!(true)];
        assert_eq!(Format::Csv.line(&["a", "b"], &record), "x,true\r\n");
        assert_eq!(Format::Csv.head(&["a", "b"]).as_deref(), Some("a,b\r\n"));
        assert_eq!(Format::NdJson.line(&["a", "b"], &record), "{\"a\":\"x\",\"b\":true}\n");
        assert_eq!(Format::NdJson.head(&["a", "b"]), None);
    }
}
