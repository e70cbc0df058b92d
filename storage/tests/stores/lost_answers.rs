//! What a commit on Azure answers when its answer gets lost: what is true, or `Unknown`.

use app::ports::ConflictKind::Changed;
use app::ports::{Batch, Commit, Etag, Op, Row, StoreError, Table, Tables as _, Value, Witness};
use storage::azurite::Azurite;
use storage::{Azure, AzureSettings};

use crate::proxy::{Act, Proxy, Seen};
use crate::{azure, batch, conflict, connect, delete, note};

/// The real Azurite, a store that reaches it directly, and a partition of its own per case.
struct Scene<'a> {
    settings: AzureSettings,
    direct: &'a Azure,
    partition: String,
    etag: Etag,
}

impl Scene<'_> {
    /// Sends a batch through a proxy; the n-th batch meets the n-th act, all later ones pass.
    async fn commit(&self, batch: Batch, acts: impl IntoIterator<Item = Act>) -> (Commit, usize) {
        let mut acts = acts.into_iter().collect::<Vec<_>>().into_iter();
        self.commit_by(batch, move |seen| if seen.is_batch() { acts.next().unwrap_or(Act::Pass) } else { Act::Pass })
            .await
    }

    async fn commit_by(&self, batch: Batch, plan: impl FnMut(&Seen) -> Act + Send + 'static) -> (Commit, usize) {
        let mut settings = self.settings.clone();
        let proxy = Proxy::before_tables(&mut settings, plan).await;
        let commit = connect(settings).commit(batch).await.unwrap();
        (commit, proxy.batches())
    }

    /// Writes the head with a commit's id, and a row beside it.
    fn witnessed(&self, id: &str) -> Batch {
        let mut batch = batch(
            &self.partition,
            vec![Op::Replace(note("head", id), self.etag.clone()), Op::Insert(note("beside", id))],
        );
        batch.witness = Some(Witness { row: "head".into(), column: "text".into(), id: id.into() });
        batch
    }

    async fn get(&self, key: &str) -> Option<Row> {
        self.direct.get(Table::Assets, &self.partition, key).await.unwrap()
    }

    async fn text(&self, key: &str) -> Option<Value> {
        self.get(key).await.map(|row| row.column("text").unwrap().clone())
    }
}

#[tokio::test]
async fn a_lost_answer_is_told_apart_from_a_lost_batch() {
    let Some(azurite) = Azurite::start() else { return };
    let direct = azure(azurite.connection_string());
    direct.prepare().await.unwrap();
    let scene = async |name: &str| {
        let partition = format!("{name}-{}", std::process::id());
        let commit = direct.commit(batch(&partition, vec![Op::Insert(note("head", "c0"))])).await.unwrap();
        assert_eq!(commit, Commit::Done);
        let etag = direct.get(Table::Assets, &partition, "head").await.unwrap().unwrap().etag;
        let settings = AzureSettings::from_connection_string(azurite.connection_string()).unwrap();
        Scene { settings, direct: &direct, partition, etag }
    };
    applied(scene("applied").await).await;
    applied_but_500(scene("applied-500").await).await;
    not_applied(scene("not-applied").await).await;
    applied_late(scene("late").await).await;
    real_conflict(scene("conflict").await).await;
    no_witness(scene("no-witness").await).await;
    only_upserts(scene("upserts").await).await;
    only_deletes(scene("deletes").await).await;
    deletes_of_versions(scene("versions").await).await;
    nothing_comes_through(scene("nothing").await).await;
}

async fn applied(scene: Scene<'_>) {
    assert_eq!(scene.commit(scene.witnessed("c1"), [Act::LoseAnswer]).await, (Commit::Done, 1));
    assert_eq!(scene.text("beside").await, Some(Value::Text("c1".into())));
}

async fn applied_but_500(scene: Scene<'_>) {
    let busy = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    assert_eq!(scene.commit(scene.witnessed("c1"), [Act::Replace(busy.into())]).await, (Commit::Done, 1));
}

async fn not_applied(scene: Scene<'_>) {
    let acts = [Act::LoseRequest, Act::LoseRequest];
    assert_eq!(scene.commit(scene.witnessed("c1"), acts).await, (Commit::Done, 3));
    assert_eq!(scene.text("beside").await, Some(Value::Text("c1".into())));
}

/// The first try arrives after the witness was asked: the second meets it, which is no conflict.
async fn applied_late(scene: Scene<'_>) {
    assert_eq!(scene.commit(scene.witnessed("c1"), [Act::Delay]).await, (Commit::Done, 2));
    assert_eq!(scene.text("head").await, Some(Value::Text("c1".into())));
}

/// The first try is lost, and somebody else commits before the second.
async fn real_conflict(scene: Scene<'_>) {
    let mut other = scene.witnessed("c2");
    other.ops.pop();
    let (sent, mut wanted) = tokio::sync::mpsc::unbounded_channel();
    let mut first = true;
    let commit = scene.commit_by(scene.witnessed("c1"), move |seen| {
        if seen.is_batch() && std::mem::take(&mut first) {
            sent.send(()).unwrap();
            return Act::LoseRequest;
        }
        Act::Pass
    });
    let meddle = async {
        wanted.recv().await.unwrap();
        assert_eq!(scene.direct.commit(other).await.unwrap(), Commit::Done);
    };
    let (commit, ()) = tokio::join!(commit, meddle);
    assert_eq!(commit, (conflict(0, Changed), 2));
    assert_eq!(scene.get("beside").await, None);
}

async fn no_witness(scene: Scene<'_>) {
    for (act, applied) in [(Act::LoseRequest, false), (Act::LoseAnswer, true)] {
        let batch = Batch { witness: None, ..scene.witnessed("c1") };
        assert_eq!(scene.commit(batch, [act]).await, (Commit::Unknown, 1));
        assert_eq!(scene.get("beside").await.is_some(), applied);
    }
}

/// Sent again, they could undo what somebody else wrote in between.
async fn only_upserts(scene: Scene<'_>) {
    let mut batch = scene.witnessed("c1");
    batch.ops = vec![Op::Upsert(note("head", "c1"))];
    assert_eq!(scene.commit(batch.clone(), [Act::LoseRequest]).await, (Commit::Unknown, 1));
    assert_eq!(scene.commit(batch, [Act::LoseAnswer]).await, (Commit::Done, 1));
}

async fn only_deletes(scene: Scene<'_>) {
    for act in [Act::LoseAnswer, Act::LoseRequest] {
        scene
            .direct
            .commit(batch(&scene.partition, vec![Op::Upsert(note("a", "")), Op::Upsert(note("b", ""))]))
            .await
            .unwrap();
        let deletes = batch(&scene.partition, vec![delete("a", None), delete("b", None), delete("none", None)]);
        assert_eq!(scene.commit(deletes, [act]).await.0, Commit::Done);
        assert_eq!((scene.get("a").await, scene.get("b").await), (None, None));
    }
}

/// The row is gone on the second try: by the first one, or by somebody else? Nobody can say.
async fn deletes_of_versions(scene: Scene<'_>) {
    let deletes = batch(&scene.partition, vec![delete("head", Some(&scene.etag))]);
    assert_eq!(scene.commit(deletes.clone(), [Act::LoseRequest]).await, (Commit::Done, 2));
    scene.direct.commit(batch(&scene.partition, vec![Op::Insert(note("head", "c0"))])).await.unwrap();
    let etag = scene.get("head").await.unwrap().etag;
    let deletes = batch(&scene.partition, vec![delete("head", Some(&etag))]);
    assert_eq!(scene.commit(deletes, [Act::LoseAnswer]).await, (Commit::Unknown, 2));
}

async fn nothing_comes_through(scene: Scene<'_>) {
    let (commit, batches) = scene.commit_by(scene.witnessed("c1"), |_| Act::LoseRequest).await;
    assert_eq!((commit, batches), (Commit::Unknown, 3));
    // Where there is no connection at all, nothing can have been applied.
    let mut settings = scene.settings.clone();
    let closed = Proxy::before_tables(&mut settings, |_| Act::Pass).await;
    drop(closed);
    tokio::task::yield_now().await;
    let error = connect(settings).commit(scene.witnessed("c1")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
