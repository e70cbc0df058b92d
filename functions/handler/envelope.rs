use serde_json::Value;

/// A queue message as the host hands it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMessage {
    /// The text as it was put.
    pub text: String,
    /// How often it was received, this time included; `None` where the host does not say.
    pub dequeue_count: Option<u32>,
}

impl QueueMessage {
    /// Reads the envelope: `Data.msg` is the text, as a JSON text within a JSON text. `Metadata` is believed for nothing
    /// but the count: properties of a message that is an object overwrite what the host has put there.
    pub fn read(body: &[u8]) -> Option<Self> {
        let envelope: Value = serde_json::from_slice(body).ok()?;
        let text = match envelope.get("Data")?.get("msg")? {
            Value::String(text) => unquoted(text),
            Value::Null => return None,
            // A host that reads JSON for us.
            other => other.to_string(),
        };
        let count = envelope.get("Metadata").and_then(|metadata| metadata.get("DequeueCount"));
        let dequeue_count = count.and_then(|count| match count {
            Value::String(text) => unquoted(text).parse().ok(),
            number => u32::try_from(number.as_u64()?).ok(),
        });
        Some(Self { text, dequeue_count })
    }
}

/// Takes one layer of JSON off, if there is one.
fn unquoted(text: &str) -> String {
    serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const PAYLOAD: &str = r#"[1,"route","org_1",0,7]"#;

    fn read(msg: &Value, count: &Value) -> Option<QueueMessage> {
        QueueMessage::read(json!({"Data": {"msg": msg}, "Metadata": {"DequeueCount": count}}).to_string().as_bytes())
    }

    #[test]
    fn the_text_is_the_same_however_it_is_quoted() {
        let quoted = Value::String(PAYLOAD.to_owned()).to_string();
        for msg in [json!(quoted), json!(PAYLOAD), serde_json::from_str(PAYLOAD).unwrap()] {
            assert_eq!(read(&msg, &json!("1")).unwrap().text, PAYLOAD, "{msg}");
        }
    }

    #[test]
    fn the_count_is_a_number_a_text_or_unknown() {
        for (count, read_as) in [
            (json!("4"), Some(4)),
            (json!(4), Some(4)),
            (json!("\"4\""), Some(4)),
            (json!({"a": 1}), None),
            (json!("soon"), None),
            (json!(-1), None),
            (Value::Null, None),
        ] {
            assert_eq!(read(&json!(PAYLOAD), &count).unwrap().dequeue_count, read_as, "{count}");
        }
        let bare = QueueMessage::read(br#"{"Data":{"msg":"x"}}"#).unwrap();
        assert_eq!(bare, QueueMessage { text: "x".into(), dequeue_count: None });
    }

    #[test]
    fn what_is_no_envelope_is_none() {
        for body in
            ["", "null", "[]", "{}", r#"{"Data":null}"#, r#"{"Data":{}}"#, r#"{"Data":{"msg":null}}"#, "\u{fffd}"]
        {
            assert_eq!(QueueMessage::read(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>) {
            let _ = QueueMessage::read(&body);
        }

        #[test]
        fn every_text_comes_through_the_hosts_quoting(text: String) {
            let quoted = Value::String(text.clone()).to_string();
            prop_assert_eq!(read(&json!(quoted), &Value::Null).unwrap().text, text);
        }
    }
}
