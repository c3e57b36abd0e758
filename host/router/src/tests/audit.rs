use super::admin::*;
use super::*;
use crate::service_instances::ServiceInstanceEdit;
use crate::store::{AuditLimits, AuditRow};
use crate::tokens::Role;
use crate::workspaces::WorkspaceEdit;

#[tokio::test]
async fn every_change_is_noted_with_who_and_what_and_never_a_value() {
    let house = House::new().await;
    let (router, bills) = (&house.router, service_instance("bills"));
    house.create("smtp");
    let edit = Edit {
        set: values(&[("host", "secret-host.example.org")]),
        secrets: secrets(&[("password", "never in the journal")]),
        ..Edit::default()
    };
    router.edit_instance(&who(), &ws(), &instance("smtp"), edit).unwrap();
    router.set_default(&who(), &ws(), "mail", &instance("smtp")).unwrap();
    router.clear_default(&who(), &ws(), "mail").unwrap();
    router.force(&who(), &ws(), "mail", Some(&instance("smtp"))).unwrap();
    router.force(&who(), &ws(), "mail", None).unwrap();
    let plain = ServiceInstanceEdit::default;
    router.create_service_instance(&who(), &ws(), &bills, plain()).unwrap();
    router.edit_service_instance(&who(), &ws(), &bills, plain()).unwrap();
    router
        .rename_service_instance(&who(), &ws(), &bills, &service_instance("b2"))
        .unwrap();
    router
        .remove_service_instance(&who(), &ws(), &service_instance("b2"))
        .unwrap();
    let (id, secret) = house.token("crm", Role::Send, None).unwrap();
    router.revoke_token(&who(), &ws(), &id).unwrap();
    router.edit_workspace(&who(), &ws(), WorkspaceEdit::default()).unwrap();
    router
        .create_workspace(&who(), &workspace("w"), WorkspaceEdit::default())
        .unwrap();
    router.remove_workspace(&who(), &workspace("w")).unwrap();
    router.remove_instance(&who(), &ws(), &instance("smtp")).unwrap();
    router.disable_connector(&who(), &ws(), "relais/smtp").unwrap();
    router.remove_connector(&who(), "relais/smtp").await.unwrap();
    let mut words = house.audited();
    words.reverse();
    assert_eq!(
        words,
        [
            "connector-enable",
            "instance-create",
            "instance-edit",
            "service-default",
            "service-default",
            "service-force",
            "service-force",
            "service-instance-create",
            "service-instance-edit",
            "service-instance-rename",
            "service-instance-remove",
            "token-create",
            "token-revoke",
            "workspace-edit",
            "workspace-create",
            "workspace-remove",
            "instance-remove",
            "connector-disable",
            "connector-remove",
        ]
    );
    let entries = router.audit(None, None, 100).unwrap();
    assert!(entries.iter().all(|entry| entry.by == who()));
    let all = format!("{entries:?}");
    for value in ["never in the journal", "secret-host", &secret] {
        assert!(!all.contains(value), "{value}");
    }
    let edit = entries.iter().find(|entry| entry.action == "instance-edit").unwrap();
    assert_eq!(
        (edit.object.as_str(), edit.detail.as_slice()),
        ("smtp", &["host".to_owned(), "password".to_owned()][..])
    );
}

#[tokio::test]
async fn what_was_refused_is_not_noted() {
    let house = House::new().await;
    let before = house.audited();
    house.router.remove_workspace(&who(), &ws()).unwrap_err();
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("none"))
        .unwrap_err();
    house.router.clear_default(&who(), &ws(), "mail").unwrap();
    assert_eq!(house.audited(), before);
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_no_change_half_told() {
    use futures_util::FutureExt;
    let house = House::new().await;
    house.create("smtp");
    let id = house.accept(&ws(), "smtp", 10).await;
    let (ws, who) = (ws(), who());
    let gone = house.router.cancel_delivery(&ws, id, &who).now_or_never();
    assert!(gone.is_none(), "it was done at once");
    let start = std::time::Instant::now();
    while house.audited()[0] != "delivery-cancel" {
        assert!(start.elapsed().as_secs() < 20, "{:?}", house.audited());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let row = house.router.delivery(&ws, id).unwrap();
    assert_eq!(row.summary(), crate::outbox::Summary::Cancelled);
}

#[tokio::test]
async fn the_journal_is_read_page_by_page_and_workspace_by_workspace() {
    let house = House::new().await;
    let other = workspace("other");
    house
        .router
        .create_workspace(&who(), &other, WorkspaceEdit::default())
        .unwrap();
    for _ in 0..3 {
        house
            .router
            .edit_workspace(&who(), &ws(), WorkspaceEdit::default())
            .unwrap();
    }
    let first = house.router.audit(Some(&ws()), None, 2).unwrap();
    let next = house.router.audit(Some(&ws()), Some(first[1].seq), 10).unwrap();
    let seqs: Vec<u64> = first.iter().chain(&next).map(|entry| entry.seq).collect();
    assert_eq!(seqs, [5, 4, 3, 1]);
    assert_eq!(house.router.audit(Some(&other), None, 10).unwrap().len(), 1);
    assert!(house.router.audit(None, None, 0).unwrap().is_empty());
}

fn entry(ws: Option<&WorkspaceName>, at: jiff::Timestamp) -> AuditRow {
    AuditRow {
        at,
        by: who(),
        workspace: ws.cloned(),
        action: "of-a-later-version".to_owned(),
        object: String::new(),
        detail: Vec::new(),
    }
}

fn add(house: &House, row: &AuditRow, limits: AuditLimits) {
    let added = house.router.change(|tables| Ok(tables.add_audit(row, &limits)?));
    added.unwrap();
}

const WIDE: AuditLimits = AuditLimits {
    oldest: jiff::Timestamp::MIN,
    of_one: 1_000,
    most: 1_000,
    drops: 16,
};

/// How many entries each has: the host, the workspace `default`, the others.
fn shares(house: &House, others: &[&WorkspaceName]) -> Vec<usize> {
    let all = house.router.audit(None, None, 1_000).unwrap();
    let of = |ws: Option<&WorkspaceName>| all.iter().filter(|entry| entry.workspace.as_ref() == ws).count();
    let default = ws();
    let mut shares = vec![of(None), of(Some(&default))];
    for ws in others {
        let own = house.router.audit(Some(ws), None, 1_000).unwrap();
        assert!(own.iter().all(|entry| entry.workspace.as_ref() == Some(ws)));
        assert!(own.is_sorted_by_key(|entry| std::cmp::Reverse(entry.seq)));
        assert_eq!(own.len(), of(Some(ws)));
        shares.push(own.len());
    }
    shares
}

#[tokio::test]
async fn old_entries_go_a_few_at_a_time() {
    let house = House::open(tempfile::tempdir().unwrap()).await;
    let day = jiff::SignedDuration::from_hours(24);
    let now = jiff::Timestamp::now();
    for _ in 0..10 {
        add(&house, &entry(None, now - day), WIDE);
    }
    let count = |house: &House| shares(house, &[])[0];
    let limits = |most, drops| AuditLimits { most, drops, ..WIDE };
    add(&house, &entry(None, now), limits(5, 2));
    assert_eq!(count(&house), 9);
    add(&house, &entry(None, now), limits(5, 100));
    assert_eq!(count(&house), 5);
    let oldest = now - day / 2;
    add(&house, &entry(None, now), AuditLimits { oldest, ..WIDE });
    assert_eq!(count(&house), 3);
}

#[tokio::test]
async fn whoever_makes_many_entries_pushes_out_its_own_alone() {
    let house = House::new().await;
    let (quiet, loud) = (workspace("quiet"), workspace("loud"));
    for ws in [&quiet, &loud] {
        house
            .router
            .create_workspace(&who(), ws, WorkspaceEdit::default())
            .unwrap();
    }
    let now = jiff::Timestamp::now();
    let limits = AuditLimits {
        of_one: 6,
        most: 12,
        ..WIDE
    };
    for _ in 0..3 {
        add(&house, &entry(None, now), limits);
        add(&house, &entry(Some(&quiet), now), limits);
    }
    let others = [&quiet, &loud];
    assert_eq!(shares(&house, &others), [3, 1, 4, 1]);
    for _ in 0..100 {
        add(&house, &entry(Some(&loud), now), limits);
    }
    // Its share is what the others leave, and its last ones are there.
    assert_eq!(shares(&house, &others), [3, 1, 4, 4]);
    let newest = house.router.audit(None, None, 4).unwrap();
    assert!(newest.iter().all(|entry| entry.workspace.as_ref() == Some(&loud)));
    // Alone it has its own share, and no more.
    let room = AuditLimits { most: 1_000, ..limits };
    for _ in 0..100 {
        add(&house, &entry(Some(&loud), now), room);
    }
    assert_eq!(shares(&house, &others), [3, 1, 4, 6]);
}

#[tokio::test]
async fn a_journal_of_before_there_were_shares_is_shared_when_it_is_opened() {
    let house = House::new().await;
    let other = workspace("other");
    house
        .router
        .create_workspace(&who(), &other, WorkspaceEdit::default())
        .unwrap();
    let before = house.router.audit(None, None, 100).unwrap();
    house.router.store.forget_audit_shares();
    let house = house.reopened().await;
    assert_eq!(house.router.audit(None, None, 100).unwrap(), before);
    assert_eq!(shares(&house, &[&other]), [0, 1, 1]);
    // One that is written before anything else, as by a restoration.
    house.router.store.forget_audit_shares();
    add(
        &house,
        &entry(Some(&other), jiff::Timestamp::now()),
        AuditLimits { of_one: 1, ..WIDE },
    );
    assert_eq!(shares(&house, &[&other]), [0, 1, 1]);
}
