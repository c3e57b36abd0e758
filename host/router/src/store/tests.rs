#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use redb::{Database, TableDefinition};

use super::*;

async fn open_within(folder: &Path, patience: Duration) -> Result<Store, StoreError> {
    Store::open_on(Arc::new(RealDisk), folder, patience, LOG_SIZE).await
}

async fn fails(folder: &Path) -> StoreError {
    open_within(folder, Duration::ZERO).await.err().expect("an error")
}

#[tokio::test]
async fn a_second_opener_waits_and_then_names_the_folder_and_the_process() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    let first = Store::open(&data).await.unwrap();
    let start = Instant::now();
    let error = open_within(&data, Duration::from_millis(300)).await.err().unwrap();
    assert!(start.elapsed() >= Duration::from_millis(300));
    match &error {
        StoreError::Busy { folder, pid } => {
            assert_eq!(folder, &data.canonicalize().unwrap());
            assert_eq!(*pid, Some(std::process::id()));
        }
        other => panic!("{other:?}"),
    }
    assert!(error.to_string().contains(data.to_str().unwrap()), "{error}");
    let waiting = tokio::spawn(async move { open_within(&data, Duration::from_secs(10)).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    drop(first);
    assert!(waiting.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_store_of_a_later_format_is_refused_before_anything_is_read() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).await.unwrap();
    let meta: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
    let transaction = store.engine.database().unwrap().get().unwrap().begin_write().unwrap();
    transaction
        .open_table(meta)
        .unwrap()
        .insert("format", &br#"{"v":3}"#[..])
        .unwrap();
    transaction.commit().unwrap();
    drop(store);
    let error = fails(root.path()).await;
    assert!(
        matches!(
            error,
            StoreError::Newer {
                what: What::Store,
                version: 3,
                known: 2,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_record_of_a_later_version_is_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).await.unwrap();
    let table: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("instances");
    let transaction = store.engine.database().unwrap().get().unwrap().begin_write().unwrap();
    transaction
        .open_table(table)
        .unwrap()
        .insert(("default", "smtp"), &br#"{"v":7}"#[..])
        .unwrap();
    transaction.commit().unwrap();
    let error = store.read(|tables| tables.instances(&Default::default())).unwrap_err();
    assert!(matches!(&error, StoreError::Newer { what: What::Instance, key, version: 7, .. } if key == "default/smtp"));
    assert!(error.to_string().contains("later version of Relais"), "{error}");
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).await.unwrap();
    let ws = Default::default();
    let name = "smtp".parse().unwrap();
    let failed: Result<(), StoreError> = store.write(|tables| {
        tables.put_default(&ws, "mail", &name)?;
        Err(StoreError::Full { path: PathBuf::new() })
    });
    assert!(failed.is_err());
    assert_eq!(store.read(|tables| tables.default_of(&ws, "mail")).unwrap(), None);
}

#[tokio::test]
async fn a_database_that_is_not_one_is_damaged_and_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join(DATABASE);
    fs::write(&path, b"not a database".repeat(1000)).unwrap();
    let error = fails(root.path()).await;
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), b"not a database".repeat(1000));
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_not_the_end_of_the_program() {
    let root = tempfile::tempdir().unwrap();
    drop(Store::open(root.path()).await.unwrap());
    let path = root.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    for (cut, start) in [
        (true, 100),
        (true, whole.len() / 2),
        (false, 64),
        (false, 4096),
        (false, whole.len() / 3),
    ] {
        let mut bytes = whole.clone();
        if cut {
            bytes.truncate(start);
        } else {
            let end = bytes.len().min(start + 16384);
            bytes[start..end].fill(0xa5);
        }
        fs::write(&path, bytes).unwrap();
        // Some places are unused pages: then it opens, and what it holds is whole.
        match open_within(root.path(), Duration::ZERO).await {
            Ok(store) => assert!(store.read(|tables| tables.connectors()).is_ok()),
            Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}"),
        }
    }
}

#[tokio::test]
async fn a_record_that_was_altered_on_the_disk_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).await.unwrap();
    let (ws, name) = (Default::default(), "original".parse().unwrap());
    store.write(|tables| tables.put_default(&ws, "mail", &name)).unwrap();
    drop(store);
    let path = root.path().join(DATABASE);
    let mut bytes = fs::read(&path).unwrap();
    let places: Vec<usize> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(b"original"))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 8].copy_from_slice(b"replaced");
    }
    fs::write(&path, bytes).unwrap();
    assert!(matches!(fails(root.path()).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn what_a_crash_left_behind_is_swept_when_the_store_is_opened() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).await.unwrap();
    let orphan = store.files().write(b"no row names it").unwrap();
    drop(store);
    let store = Store::open(root.path()).await.unwrap();
    assert!(matches!(
        store.files().read(&orphan),
        Err(StoreError::Component { missing: true, .. })
    ));
}

#[tokio::test]
async fn another_programs_database_is_not_taken_over() {
    let root = tempfile::tempdir().unwrap();
    let table: TableDefinition<&str, &str> = TableDefinition::new("theirs");
    let database = Database::create(root.path().join(DATABASE)).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(table).unwrap().insert("a", "b").unwrap();
    transaction.commit().unwrap();
    drop(database);
    assert!(matches!(fails(root.path()).await, StoreError::Damaged { .. }));
}

#[tokio::test]
async fn a_file_is_no_data_folder() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(fails(&file).await, StoreError::NotAFolder { .. }));
    assert!(matches!(
        fails(&file.join("below")).await,
        StoreError::NotAFolder { .. }
    ));
}

#[tokio::test]
async fn a_folder_of_others_keeps_its_rights_and_an_empty_one_is_made_private() {
    let root = tempfile::tempdir().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (shared, empty) = (root.path().join("shared"), root.path().join("empty"));
    for folder in [&shared, &empty] {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(shared.join("theirs"), b"").unwrap();
    assert!(matches!(fails(&shared).await, StoreError::NotPrivate { .. }));
    assert_eq!(mode(&shared), 0o755);
    drop(Store::open(&empty).await.unwrap());
    assert_eq!(mode(&empty), 0o700);
}

#[test]
fn errors_of_the_system_are_told_apart() {
    let of = |kind: std::io::ErrorKind| StoreError::io(Path::new("/data"), kind.into()).code();
    assert_eq!(of(std::io::ErrorKind::StorageFull), "data-full");
    assert_eq!(of(std::io::ErrorKind::QuotaExceeded), "data-full");
    assert_eq!(of(std::io::ErrorKind::PermissionDenied), "data-denied");
    assert_eq!(of(std::io::ErrorKind::ReadOnlyFilesystem), "data-denied");
    assert_eq!(of(std::io::ErrorKind::TimedOut), "data-io");
}

/// A database as the version before the outbox made it: five tables, and redb's own way of opening them.
fn old_database(folder: &Path) -> Database {
    type Bytes = &'static [u8];
    let meta: TableDefinition<&str, Bytes> = TableDefinition::new("meta");
    let connectors: TableDefinition<&str, Bytes> = TableDefinition::new("connectors");
    let instances: TableDefinition<(&str, &str), Bytes> = TableDefinition::new("instances");
    let defaults: TableDefinition<(&str, &str), Bytes> = TableDefinition::new("defaults");
    let secrets: TableDefinition<(&str, &str, &str), Bytes> = TableDefinition::new("secrets");
    let database = Database::create(folder.join(DATABASE)).unwrap();
    let transaction = database.begin_write().unwrap();
    let instance = br#"{"v":1,"connector":"relais/smtp","given":{"host":"smtp.mairie.local"},"grants":[],"binding":{},
        "created_at":"2026-01-02T03:04:05Z","edited_at":"2026-01-02T03:04:05Z","revision":1}"#;
    transaction
        .open_table(meta)
        .unwrap()
        .insert("format", &br#"{"v":1}"#[..])
        .unwrap();
    transaction.open_table(connectors).unwrap();
    transaction
        .open_table(instances)
        .unwrap()
        .insert(("default", "smtp"), &instance[..])
        .unwrap();
    transaction
        .open_table(defaults)
        .unwrap()
        .insert(("default", "mail"), &br#"{"v":1,"instance":"smtp"}"#[..])
        .unwrap();
    transaction
        .open_table(secrets)
        .unwrap()
        .insert(("default", "smtp", "password"), &b"sealed"[..])
        .unwrap();
    transaction.commit().unwrap();
    database
}

#[tokio::test]
async fn a_database_of_the_version_before_the_outbox_opens_and_gets_one() {
    let root = tempfile::tempdir().unwrap();
    drop(old_database(root.path()));
    for _ in 0..2 {
        let store = Arc::new(Store::open(root.path()).await.unwrap());
        let (ws, smtp) = (Default::default(), "smtp".parse().unwrap());
        store
            .read(|tables| {
                assert_eq!(tables.instance(&ws, &smtp)?.unwrap().revision, 1);
                assert_eq!(tables.default_of(&ws, "mail")?, Some(smtp.clone()));
                assert_eq!(tables.secrets(&ws, &smtp)?["password"], b"sealed");
                Ok::<_, StoreError>(())
            })
            .unwrap();
        let book = crate::outbox::Book::open(store, crate::outbox::Retention::default()).unwrap();
        assert_eq!(book.differences().unwrap(), Vec::<String>::new());
        assert_eq!(book.instances_with_work().unwrap(), []);
        let nobody = crate::outbox::DeliveryId::from_u128(7);
        let until = jiff::Timestamp::UNIX_EPOCH;
        let changed = book.change(nobody, crate::outbox::Change::Defer { until }).await;
        assert!(changed.unwrap().is_none());
    }
}

/// Puts a delivery into it as the version before the calendar kept one, with its indexes.
fn old_delivery(database: &Database, number: u128, state: &str, row: &str) -> crate::outbox::DeliveryId {
    use super::logged::{CONTENTS, COUNTS, DELIVERIES, DUE, LISTING, TIMERS};
    const AT: u64 = 1_767_323_045_000;
    let id = crate::outbox::DeliveryId::from_u128((u128::from(AT) << 80) | number);
    let rest = r#""origin":"api","message_id":"m@b.example","sender":"a@b.example","size":10,"body":"inline",
        "accepted_at":"2026-01-02T03:04:05Z","give_up_at":"2026-01-07T03:04:05Z","tried":1,"attempts":[{
        "began_at":"2026-01-02T03:04:05Z","ended_at":"2026-01-02T03:04:06Z"}],"all_or_none":false,"uncertain":"hold",
        "notices_through":"smtp""#;
    let row = format!(
        r#"{{"v":1,"delivery":{{"id":"{id}","workspace":"default","instance":"smtp",{rest},"recipients":[{{
        "address":"c@d.example","state":"{state}"}}],{row}"#
    );
    let transaction = database.begin_write().unwrap();
    let key = id.to_u128();
    transaction
        .open_table(DELIVERIES)
        .unwrap()
        .insert(key, row.as_bytes())
        .unwrap();
    transaction
        .open_table(CONTENTS)
        .unwrap()
        .insert(key, &b"?"[..])
        .unwrap();
    let timer = |at: u64, kind: u8| {
        transaction
            .open_table(TIMERS)
            .unwrap()
            .insert((at, key, kind), ())
            .unwrap();
    };
    let summary = match state {
        "deferred" => {
            timer(AT + 432_000_000, 0);
            let due = ("default", "smtp", AT + 60_000, key);
            transaction.open_table(DUE).unwrap().insert(due, ()).unwrap();
            2
        }
        _ => {
            timer(AT + 3_600_000, 1);
            timer(AT + 2_592_000_000, 2);
            timer(AT + 7_776_000_000, 3);
            3
        }
    };
    transaction
        .open_table(LISTING)
        .unwrap()
        .insert(("default", summary, key), ())
        .unwrap();
    transaction
        .open_table(COUNTS)
        .unwrap()
        .insert(("default", "smtp", summary), 1)
        .unwrap();
    transaction.commit().unwrap();
    id
}

#[tokio::test]
async fn deliveries_of_the_version_before_the_calendar_go_on() {
    use crate::outbox::{Book, Change, Now, Retention, Summary, TimerKind, Words};
    let root = tempfile::tempdir().unwrap();
    let old = old_database(root.path());
    let waiting = old_delivery(
        &old,
        1,
        "deferred",
        r#""due_at":"2026-01-02T03:05:05Z"},"patience_ms":432000000,"timers":[[1767755045000,"give-up"]]}"#,
    );
    let uncertain = old_delivery(
        &old,
        2,
        "uncertain",
        r#""ended_at":"2026-01-02T03:04:05Z"},"patience_ms":432000000,"timers":[[1767326645000,"uncertain-alert"],
        [1769915045000,"body-expiry"],[1775099045000,"journal-expiry"]]}"#,
    );
    drop(old);
    let open = async || Book::open(Arc::new(Store::open(root.path()).await.unwrap()), Retention::default()).unwrap();
    let book = open().await;
    assert_eq!(book.differences().unwrap(), Vec::<String>::new());
    let at = |second: i64| jiff::Timestamp::from_second(1_767_323_045 + second).unwrap();
    let path = crate::names::InstancePath {
        workspace: Default::default(),
        name: "smtp".parse().unwrap(),
    };
    assert_eq!(book.next_due(&path).unwrap(), Some(at(60)));
    // Nobody noted when it was attempted last: it is attempted before it is given up.
    let words = Words::new(relais_sandbox::Kind::Timeout, "too long");
    let (now, since) = (Now::from(at(432_000)), at(431_000));
    for summary in [Summary::Deferred, Summary::Failed] {
        let words = words.clone();
        let given_up = book.change(waiting, Change::GiveUp { now, words, since }).await;
        assert_eq!(given_up.unwrap().unwrap().summary(), summary);
    }
    assert_eq!(book.owed(waiting).unwrap().unwrap().1.len(), 1);
    let kinds = |book: &Book| {
        let all = book.timers(jiff::Timestamp::MAX, None, 99).unwrap().into_iter();
        let of_it = all.filter(|timer| timer.id == uncertain);
        of_it.map(|timer| (timer.at, timer.kind)).collect::<Vec<_>>()
    };
    let close = Change::Close { as_sent: false, now };
    book.change(uncertain, close).await.unwrap().unwrap();
    let (body, journal) = (
        (at(2_592_000), TimerKind::BodyExpiry),
        (at(7_776_000), TimerKind::JournalExpiry),
    );
    assert_eq!(kinds(&book), [body, journal], "it ended when it ended");
    drop(book);
    let book = open().await;
    assert_eq!(book.differences().unwrap(), Vec::<String>::new());
    assert_eq!(book.get(uncertain).unwrap().unwrap().ended_at, Some(at(0)));
}

#[tokio::test]
async fn the_version_before_the_outbox_and_this_one_keep_each_other_out() {
    let root = tempfile::tempdir().unwrap();
    let old = old_database(root.path());
    assert!(matches!(fails(root.path()).await, StoreError::Busy { .. }));
    drop(old);
    let store = Store::open(root.path()).await.unwrap();
    assert!(matches!(
        Database::open(root.path().join(DATABASE)),
        Err(redb::DatabaseError::DatabaseAlreadyOpen)
    ));
    drop(store);
    assert!(Database::open(root.path().join(DATABASE)).is_ok());
}

#[tokio::test]
async fn the_database_is_for_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).await.unwrap();
    let rights = fs::metadata(root.path().join(DATABASE)).unwrap().permissions().mode();
    assert_eq!(rights & 0o777, 0o600);
    drop(store);
    assert!(!root.path().join("relais.part").exists());
}
