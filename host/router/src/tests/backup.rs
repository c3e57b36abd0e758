use std::io::{Cursor, Write};
use std::path::Path;

use super::admin::*;
use super::*;
use crate::backup::BackupReport;
use crate::error::BackupError;
use crate::outbox::{DeliveryId, Filter, Summary, TimerKind};
use crate::restore::{Pending, RestoreReport, Tokens, restore};
use crate::router::{Paths, Router};
use crate::tokens::Role;

fn backup(house: &House) -> (Vec<u8>, BackupReport) {
    let mut bytes = Vec::new();
    let report = house.router.backup(&who(), &mut bytes).unwrap();
    assert_eq!(report.bytes, bytes.len() as u64);
    assert!(!house.router.data().join("backup.part").exists());
    (bytes, report)
}

async fn bring_back(bytes: &[u8], data: &Path, pending: Pending) -> Result<RestoreReport, Error> {
    let from = Box::new(Cursor::new(bytes.to_vec()));
    restore(from, Paths::default_for(data), &who(), pending, Tokens::Keep).await
}

async fn full() -> (House, DeliveryId, DeliveryId, String) {
    let house = House::new().await;
    house.create("smtp");
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("smtp"))
        .unwrap();
    let small = house.accept(&ws(), "smtp", 100).await;
    let large = house.accept(&ws(), "smtp", 300 << 10).await;
    let (_, secret) = house.token("crm", Role::Send, None).unwrap();
    (house, small, large, secret)
}

fn summary(router: &Router, id: DeliveryId) -> Summary {
    router.book().get(id).unwrap().unwrap().summary()
}

pub async fn mime(router: &Router, id: DeliveryId) -> Vec<u8> {
    use relais_message::{Addressing, Framing};
    let message = router.book().message(id).unwrap().unwrap();
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    let mut bytes = Vec::new();
    while let Some(block) = body.next().await.unwrap() {
        bytes.extend_from_slice(&block);
    }
    bytes
}

#[tokio::test]
async fn a_backup_brings_back_everything_and_holds_what_may_have_been_sent_since() {
    let (house, small, large, secret) = full().await;
    let (bytes, report) = backup(&house);
    assert_eq!(
        (
            report.connectors,
            report.deliveries,
            report.pending,
            report.bodies,
            report.secrets
        ),
        (1, 2, 2, 1, 1)
    );
    assert!(report.missing.is_empty() && report.key.ends_with("data.key"));
    let originals = [mime(&house.router, small).await, mime(&house.router, large).await];

    let data = house.root.path().join("copy");
    std::fs::copy(house.root.path().join("data.key"), house.root.path().join("copy.key")).unwrap();
    let report = bring_back(&bytes, &data, Pending::Hold).await.unwrap();
    assert_eq!((report.held, report.tokens, report.secrets_open), (2, 1, true));
    let copy = router(&data).await;
    for (id, original) in [small, large].into_iter().zip(originals) {
        assert_eq!(summary(&copy, id), Summary::Uncertain);
        let words = copy.book().get(id).unwrap().unwrap().recipients[0]
            .words
            .clone()
            .unwrap();
        assert!(words.text.contains("restored from a backup"), "{words:?}");
        assert_eq!(mime(&copy, id).await, original);
    }
    assert!(copy.book().instances_with_work().unwrap().is_empty());
    // And the contact is told of them, if nobody decides.
    let soon = copy.book().now().calendar + std::time::Duration::from_secs(3600);
    let timers = copy.book().timers(soon, None, 9).unwrap().into_iter();
    let alerts: Vec<_> = timers.filter(|timer| timer.kind == TimerKind::UncertainAlert).collect();
    assert_eq!(alerts.len(), 2);
    assert_eq!(copy.book().differences().unwrap(), Vec::<String>::new());
    assert!(copy.authenticate(&secret).is_some());
    assert_eq!(copy.connector_bytes("relais/smtp").unwrap(), SMTP.as_bytes());
    assert!(
        copy.instance(&ws(), &instance("smtp"))
            .unwrap()
            .secrets_unreadable
            .is_empty()
    );
    assert_eq!(copy.audit(None, None, 1).unwrap()[0].action, "restore");
    assert_eq!(summary(&house.router, small), Summary::Queued);
}

#[tokio::test]
async fn whoever_knows_that_nothing_was_sent_since_lets_it_go_on() {
    let (house, small, large, _) = full().await;
    let (bytes, _) = backup(&house);
    let data = house.root.path().join("copy");
    let report = bring_back(&bytes, &data, Pending::Resume).await.unwrap();
    assert_eq!(report.held, 0);
    let copy = router(&data).await;
    assert_eq!([summary(&copy, small), summary(&copy, large)], [Summary::Queued; 2]);
    assert_eq!(copy.book().instances_with_work().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_are_good_again_unless_whoever_restores_revokes_them() {
    let (house, _, _, secret) = full().await;
    let (gone, _) = house.token("gone", Role::Admin, None).unwrap();
    house.router.revoke_token(&who(), &ws(), &gone).unwrap();
    let (since, leaked) = house.token("leaked", Role::Admin, None).unwrap();
    let (bytes, _) = backup(&house);
    house.router.revoke_token(&who(), &ws(), &since).unwrap();
    for (tokens, good) in [(Tokens::Keep, true), (Tokens::Revoke, false)] {
        let data = house.root.path().join(format!("{tokens:?}"));
        let (from, paths) = (Box::new(Cursor::new(bytes.clone())), Paths::default_for(&data));
        let report = restore(from, paths, &who(), Pending::Hold, tokens).await.unwrap();
        assert_eq!((report.tokens, report.revoked), if good { (2, 0) } else { (0, 2) });
        let copy = router(&data).await;
        for secret in [&secret, &leaked] {
            assert_eq!(copy.authenticate(secret).is_some(), good);
        }
        let listed = copy.tokens(&ws()).unwrap();
        assert_eq!(
            listed.iter().filter(|token| token.revoked_at.is_none()).count(),
            if good { 2 } else { 0 }
        );
        let entries = copy.audit(Some(&ws()), None, 100).unwrap();
        let revoked = entries.iter().filter(|entry| entry.action == "token-revoke").count();
        assert_eq!(revoked, if good { 1 } else { 3 });
    }
}

#[tokio::test]
async fn without_the_key_the_secrets_are_to_be_given_again_and_then_all_works() {
    let (house, ..) = full().await;
    house.create("second");
    let (bytes, _) = backup(&house);
    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().join("data");
    let report = bring_back(&bytes, &data, Pending::Hold).await.unwrap();
    assert!(!report.secrets_open && report.key.ends_with("data.key"));
    let copy = router(&data).await;
    let view = copy.instance(&ws(), &instance("smtp")).unwrap();
    assert_eq!(view.secrets_unreadable, ["password"]);
    assert!(!view.credentials[0].ready);
    // What needs no key can be edited; only looking makes none.
    let sender = Edit {
        set: values(&[("sender", "ged@example.org")]),
        ..Edit::default()
    };
    copy.edit_instance(&who(), &ws(), &instance("smtp"), sender).unwrap();
    assert!(!elsewhere.path().join("data.key").exists());

    let again = Edit {
        secrets: secrets(&[("password", "given again")]),
        ..Edit::default()
    };
    let view = copy.edit_instance(&who(), &ws(), &instance("smtp"), again).unwrap();
    assert!(view.secrets_unreadable.is_empty() && view.credentials[0].ready);
    // The key is a new one, so the other's secret is lost for good, and the instance remembers that it had one.
    let view = copy.instance(&ws(), &instance("second")).unwrap();
    assert_eq!(
        (view.secrets["password"], view.secrets_unreadable),
        (false, vec!["password".to_owned()])
    );
    let lost = copy.read(|tables| {
        let path = InstancePath {
            workspace: ws(),
            name: instance("second"),
        };
        let row = instances::find(tables, &ws(), &path.name)?;
        let manifest = connectors::manifest(&connectors::of(tables, &row)?)?;
        instances::open(tables, &copy.vault, &path, &row, &manifest).map(drop)
    });
    assert_eq!(lost.unwrap_err().code(), "secrets-lost");
    drop(copy);
    // The store goes on with the key it has now: from here on a missing one is waited for.
    std::fs::rename(elsewhere.path().join("data.key"), elsewhere.path().join("away")).unwrap();
    let copy = router(&data).await;
    let again = Edit {
        secrets: secrets(&[("password", "x")]),
        ..Edit::default()
    };
    let refused = copy
        .edit_instance(&who(), &ws(), &instance("second"), again)
        .unwrap_err();
    assert_eq!(refused.code(), "key-missing");
}

#[tokio::test]
async fn a_key_that_is_brought_later_opens_what_was_not_given_again() {
    let (house, ..) = full().await;
    let (bytes, _) = backup(&house);
    let elsewhere = tempfile::tempdir().unwrap();
    let data = elsewhere.path().join("data");
    bring_back(&bytes, &data, Pending::Hold).await.unwrap();
    std::fs::copy(house.root.path().join("data.key"), elsewhere.path().join("data.key")).unwrap();
    let copy = router(&data).await;
    assert!(copy.instance(&ws(), &instance("smtp")).unwrap().credentials[0].ready);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_stops_neither_a_start_nor_a_backup_and_keeps_its_body() {
    let (house, small, large, _) = full().await;
    let book = house.router.book();
    for id in [small, large] {
        assert!(book.transmitting(id, jiff::Timestamp::now()).await.unwrap());
    }
    book.spoil(large);
    let house = house.reopened().await;
    assert_eq!(summary(&house.router, small), Summary::Uncertain);
    assert_eq!(house.router.book().unreadable(), 1);
    let page = house
        .router
        .deliveries(
            &ws(),
            &Filter {
                limit: 9,
                ..Filter::default()
            },
        )
        .unwrap();
    assert_eq!((page.deliveries.len(), page.unreadable[0].id), (1, large));
    let (bytes, report) = backup(&house);
    assert_eq!((report.deliveries, report.bodies, report.missing.len()), (2, 1, 0));
    // Whoever restores it has to be able to say of each delivery that it may have been sent.
    let data = house.root.path().join("copy");
    let refused = bring_back(&bytes, &data, Pending::Hold).await.unwrap_err();
    assert_eq!(refused.code(), "data-newer");
    bring_back(&bytes, &data, Pending::Resume).await.unwrap();
    assert!(!mime(&router(&data).await, large).await.is_empty());
}

#[tokio::test]
async fn a_backup_is_restored_into_an_empty_folder_alone() {
    let (house, ..) = full().await;
    let (bytes, _) = backup(&house);
    let data = house.root.path().join("copy");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("mine"), b"").unwrap();
    let refused = bring_back(&bytes, &data, Pending::Hold).await.unwrap_err();
    assert_eq!(refused.code(), "restore-not-empty");
    assert!(data.join("mine").exists());
    let over = bring_back(&bytes, house.router.data(), Pending::Hold)
        .await
        .unwrap_err();
    assert_eq!(over.code(), "restore-not-empty");
    assert_eq!(house.router.instances(&ws()).unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_cut_altered_or_no_backup_is_refused_and_leaves_nothing() {
    let (house, _, large, _) = full().await;
    let (bytes, _) = backup(&house);
    let at = |name: &str| {
        bytes
            .windows(name.len())
            .position(|there| there == name.as_bytes())
            .unwrap()
    };
    let mut altered = bytes.clone();
    altered[at(&format!("/{large}")) + 512 + 5000] ^= 1;
    let mut renamed = bytes.clone();
    let place = at("relais.redb");
    renamed[place..place + 11].copy_from_slice(b"../..//redb");
    let cases: [(Vec<u8>, &str); 7] = [
        (Vec::new(), "backup-not-one"),
        (b"not a tar".repeat(200), "backup-not-one"),
        (bytes[..bytes.len() / 2].to_vec(), "backup-truncated"),
        (bytes[..at("relais-digests.json")].to_vec(), "backup-truncated"),
        (altered, "backup-altered"),
        (renamed, "backup-not-one"),
        (tar_of(&[("relais-backup.json", br#"{"format":2}"#)]), "backup-newer"),
    ];
    let data = house.root.path().join("copy");
    for (number, (bytes, code)) in cases.into_iter().enumerate() {
        let error = bring_back(&bytes, &data, Pending::Hold).await.unwrap_err();
        assert_eq!(error.code(), code, "case {number}: {error}");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 0, "case {number}");
    }
}

#[tokio::test]
async fn names_that_no_backup_has_lead_nowhere() {
    let root = tempfile::tempdir().unwrap();
    let manifest = br#"{"format":1,"relais":"0.1.0","made_at":"2026-01-01T00:00:00Z","connectors":0,"deliveries":0,"bodies":0,"secrets":0}"#;
    for name in [
        "escape",
        "connectors/x.wasm",
        "spool/01abc/../../x",
        "spool/00000/x",
        "connectors/",
    ] {
        let bytes = tar_of(&[("relais-backup.json", manifest), (name, b"x")]);
        let error = bring_back(&bytes, &root.path().join("copy"), Pending::Hold)
            .await
            .unwrap_err();
        assert!(
            matches!(error, Error::Backup(BackupError::NotABackup { .. })),
            "{name}: {error}"
        );
    }
    assert!(!root.path().join("escape").exists());
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        // Past the check of the writing side, which takes no `..`.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

#[tokio::test]
async fn a_backup_that_nobody_takes_fails_and_leaves_nothing() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (house, ..) = full().await;
    let error = house.router.backup(&who(), &mut Full).unwrap_err();
    assert_eq!(error.code(), "backup-write");
    assert!(!house.router.data().join("backup.part").exists());
    backup(&house);
}

#[tokio::test]
async fn a_body_that_goes_while_the_backup_is_made_is_in_it_all_the_same() {
    /// Cancels the deliveries, and so lets their bodies go, when the first bytes come.
    struct Meanwhile<'h>(Vec<u8>, Option<Box<dyn FnOnce() + 'h>>);
    impl Write for Meanwhile<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            if let Some(first) = self.1.take() {
                first();
            }
            self.0.write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (house, _, large, _) = full().await;
    let edit = crate::WorkspaceEdit {
        failed_body: Some(Some(std::time::Duration::ZERO)),
        ..Default::default()
    };
    house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    let book = house.router.book().clone();
    let cancel = move || {
        let now = jiff::Timestamp::now().into();
        let cancelling = book.clone();
        let cancelled = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(cancelling.change(large, crate::Change::Cancel { now }))
        });
        cancelled.join().unwrap().unwrap().unwrap();
        assert!(book.message(large).unwrap().is_none());
    };
    let mut to = Meanwhile(Vec::new(), Some(Box::new(cancel)));
    let report = house.router.backup(&who(), &mut to).unwrap();
    assert_eq!((report.bodies, report.missing.len()), (1, 0));
    let bytes = to.0;
    let data = house.root.path().join("copy");
    bring_back(&bytes, &data, Pending::Resume).await.unwrap();
    assert!(!mime(&router(&data).await, large).await.is_empty());
}
