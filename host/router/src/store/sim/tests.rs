//! What an administrator changes, on a disk of which a sync fails.

use std::time::Duration;

use super::*;
use crate::names::{InstanceName, WorkspaceName};
use crate::store::{LOG_SIZE, Store, StoreError};

type Change = fn(&Store, &WorkspaceName, &InstanceName) -> Result<(), StoreError>;
type Reading = fn(&Store, &WorkspaceName) -> Option<String>;

/// Changes of different tables, so that none rewrites what another wrote, and how each is read back.
const CHANGES: [(Change, Reading); 3] = [
    (
        |store, ws, name| store.write(|tables| tables.put_default(ws, "mail", name)),
        |store, ws| {
            store
                .read(|tables| tables.default_of(ws, "mail"))
                .unwrap()
                .map(|name| name.to_string())
        },
    ),
    (
        |store, ws, name| store.write(|tables| tables.put_forced(ws, "mail", name)),
        |store, ws| {
            store
                .read(|tables| tables.forced(ws, "mail"))
                .unwrap()
                .map(|name| name.to_string())
        },
    ),
    (
        |store, _, name| store.write(|tables| tables.put_key_check(name.as_str().as_bytes())),
        |store, _| {
            let check = store.read(|tables| tables.key_check()).unwrap();
            check.map(|check| String::from_utf8(check).unwrap())
        },
    ),
];

async fn open(disk: &SimDisk, folder: &Path) -> Result<Store, StoreError> {
    Store::open_on(Arc::new(disk.clone()), folder, Duration::ZERO, LOG_SIZE).await
}

#[tokio::test]
async fn a_change_that_was_acknowledged_rests_on_nothing_that_a_failed_sync_was_for() {
    let folder = tempfile::tempdir().unwrap();
    let ws = WorkspaceName::default();
    for number in 0.. {
        for seen in [Seen::Written, Seen::Kept, Seen::Some(number as u64)] {
            let disk = SimDisk::forgetting_at(number, seen);
            let mut acknowledged = [const { None }; CHANGES.len()];
            let Ok(store) = open(&disk, folder.path()).await else {
                continue;
            };
            for (round, (place, (change, _))) in acknowledged.iter_mut().zip(CHANGES).enumerate() {
                let name: InstanceName = format!("smtp-{round}").parse().unwrap();
                *place = change(&store, &ws, &name).is_ok().then(|| name.to_string());
            }
            let cut = disk.survivor(Kept::Nothing);
            let failed = disk.syncs() > number;
            drop(store);
            if !failed {
                assert!(number > 5);
                return;
            }
            let context = format!("sync {number} failed, {seen:?}");
            let store = open(&cut, folder.path())
                .await
                .unwrap_or_else(|error| panic!("{context}: {error}"));
            for (acknowledged, (_, read)) in acknowledged.iter().zip(CHANGES) {
                assert!(
                    acknowledged.is_none() || read(&store, &ws) == *acknowledged,
                    "{context}"
                );
            }
        }
    }
}
