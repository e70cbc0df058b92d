use std::sync::Mutex;

use app::ports::{Etag, Op, Value, WriteRow};

use super::*;

/// Takes a request's body and answers nothing.
#[derive(Debug, Default)]
struct Taken(Mutex<usize>);

#[async_trait]
impl HttpClient for Taken {
    async fn execute_request(&self, request: &azure_core::Request) -> azure_core::Result<azure_core::Response> {
        let azure_core::Body::Bytes(body) = request.body() else { panic!("a stream") };
        *self.0.lock().unwrap() = batch::mend_request(body).len();
        Err(azure_core::Error::message(azure_core::error::ErrorKind::Other, "taken"))
    }
}

/// The limits must never let through what Azure calls too large, nor refuse much that it takes.
#[tokio::test]
async fn the_size_of_a_batch_is_estimated_closely_and_never_too_low() {
    let taken = Arc::new(Taken::default());
    let settings = AzureSettings::for_account(&"a".repeat(24), Credential::Key("YQ==".into())).unwrap();
    let mut azure = Azure::connect(settings.clone(), client()).unwrap();
    let location = CloudLocation::Custom { account: settings.account, uri: settings.table_endpoint.into() };
    azure.writes = TableServiceClientBuilder::with_location(location, StorageCredentials::anonymous())
        .client_options(ClientOptions::new(TransportOptions::new(taken.clone())).retry(RetryOptions::none()))
        .build();
    let etag = Etag("W/\"datetime'2026-11-22T10%3A00%3A00.0000000Z'\"".into());
    let columns = |text: &str| {
        vec![
            ("text".to_owned(), Value::Text(text.to_owned())),
            ("int".to_owned(), Value::Int(i64::MIN)),
            ("yes".to_owned(), Value::Bool(false)),
            ("bytes".to_owned(), Value::Bytes(vec![7; 1000])),
        ]
    };
    for text in ["", "plain text of a banner", "\"\\\n\u{1}\u{2028}é😀'", &"<é>\r\n".repeat(200)] {
        for key in ["", "k", "f|asset_01|0123456789abcdef", "it's /é%😀".replace('/', "|").as_str(), &"é".repeat(512)]
        {
            let row = |n: usize| WriteRow { key: key.chars().skip(n).collect(), columns: columns(text) };
            let ops = vec![
                Op::Insert(row(0)),
                Op::Replace(row(1), etag.clone()),
                Op::Upsert(row(2)),
                Op::Delete { key: "d".into(), etag: None },
                Op::Delete { key: "e".into(), etag: Some(etag.clone()) },
            ];
            let batch = Batch { table: Table::Intelligence, partition: key.to_owned(), ops, witness: None };
            let _taken = commit::commit(&azure, &batch).await;
            let (real, estimated) = (*taken.0.lock().unwrap(), limits::on_the_wire(&batch));
            assert!(real <= estimated, "{real} > {estimated}: {key:?} {text:?}");
            assert!(estimated < real + real / 2 + 700, "{real} << {estimated}: {key:?} {text:?}");
        }
    }
}

fn client() -> reqwest::Client {
    let _installed = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
