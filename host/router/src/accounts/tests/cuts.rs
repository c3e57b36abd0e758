//! The power is cut at every step of a renewal. Whatever comes back has an account that gives tokens, or says why it does not.

use super::*;
use crate::accounts::Keeper;
use crate::dispatch::Hub;
use crate::key::{KeyFile, KeySource};
use crate::store::Store;
use crate::store::sim::{Cut, Kept as OnDisk, LOG_SIZE, SimDisk};
use crate::vault::Vault;

/// A keeper over a disk whose power can be cut; the rest of the router is not needed.
async fn keeper(disk: &SimDisk, root: &TempDir, fake: &Fake) -> Option<Arc<Keeper>> {
    let store = Store::open_on(
        Arc::new(disk.clone()),
        &root.path().join("data"),
        Duration::ZERO,
        LOG_SIZE,
    )
    .await
    .ok()?;
    let key = KeyFile::find(&KeySource::Found, store.folder()).unwrap();
    let (store, vault) = (Arc::new(store), Arc::new(Vault::new(key)));
    Some(Keeper::new(store, vault, Arc::<Hub>::default(), Arc::new(fake.clone())))
}

/// A disk with an account whose access token has ended. The provider gave the tokens number 1.
async fn prepared(root: &TempDir, fake: &Fake) -> SimDisk {
    let disk = SimDisk::default();
    let keeper = keeper(&disk, root, fake).await.unwrap();
    let store = &keeper.store;
    store.write(crate::workspaces::found).unwrap();
    install(store, GRAPH);
    store
        .write(|tables| {
            tables.enable(&ws(), "relais/graph", Timestamp::now())?;
            crate::instances::create(tables, &keeper.vault, &ws(), &graph(), new_graph())?;
            let row = crate::store::ApplicationRow {
                client_id: "app".to_owned(),
                proof: crate::store::ProofRow::Public,
                origins: Vec::new(),
                lost: false,
                set_at: Timestamp::now(),
            };
            tables.put_application(&ws(), "microsoft", &row, None)?;
            let context = crate::accounts::plan::context(tables, &path().instance)?;
            let old = Timestamp::now() - Duration::from_secs(7200);
            let row = AccountRow {
                binding: context.effective.binding.stored().parts(),
                associated_at: old,
                renewed_at: old,
                expires_at: old + Duration::from_secs(3600),
                ..row_of_device()
            };
            let key = keeper.vault.to_seal(tables)?;
            let mut grant = fake.grant_for_tests();
            grant.scopes = Vec::new();
            crate::accounts::written::seal_tokens(tables, &key, &path(), &row, &grant)?;
            tables.put_account(&path(), &row)?;
            Ok::<_, Error>(())
        })
        .unwrap();
    disk
}

fn row_of_device() -> AccountRow {
    row()
}

async fn ask(keeper: &Arc<Keeper>) -> Result<String, AccountFault> {
    let context = keeper.store.read(|tables| plan::context(tables, &path().instance));
    let context = context.unwrap();
    let accounts = keeper.of_instance(&path().instance, &context.manifest, &context.effective.binding);
    let account = accounts["mail"].clone();
    token(&*account).await
}

/// The syncs of one renewal, more than there are.
const STEPS: usize = 24;

#[tokio::test]
async fn a_cut_at_any_step_loses_no_account_without_a_word() {
    let kinds = [OnDisk::Nothing, OnDisk::Everything, OnDisk::Some(1), OnDisk::Some(2)];
    let (mut recovered, mut told, mut whole) = (0, 0, 0);
    for strict in [false, true] {
        for step in 0..STEPS {
            for cut in [Cut::Before(step), Cut::After(step)] {
                let (root, fake) = (tempfile::tempdir().unwrap(), Fake::default());
                fake.state().strict = strict;
                let disk = prepared(&root, &fake).await;
                let keeper = keeper(&disk, &root, &fake).await.unwrap();
                disk.cut_from_now(cut);
                let answer = ask(&keeper).await;
                drop(keeper);
                if !disk.is_dead() {
                    assert_eq!(answer.unwrap(), "access-2");
                    whole += 1;
                    continue;
                }
                let given = fake.state().last;
                for kept in kinds {
                    // The provider as it was at the cut, for each of the disks that may be found.
                    fake.state().last = given;
                    let disk = disk.survivor(kept);
                    let keeper = self::keeper(&disk, &root, &fake).await.unwrap();
                    let again = ask(&keeper).await;
                    let row = keeper.store.read(|tables| tables.account(&path())).unwrap().unwrap();
                    match again {
                        Ok(token) => {
                            assert_eq!(row.lost, None);
                            assert_eq!(row.renewing, None);
                            // Only what is on the disk was given to anybody.
                            if let Ok(first) = &answer {
                                assert!(!strict || *first == token || token > *first, "{first} {token}");
                            }
                            recovered += 1;
                        }
                        Err(AccountFault::Reconnect(text)) => {
                            assert!(
                                strict && given > 1,
                                "only a provider that takes no token twice loses an account"
                            );
                            assert!(text.contains("being renewed"), "{text}");
                            assert_eq!(row.lost.unwrap().why, crate::store::Why::Interrupted);
                            assert!(answer.is_err(), "nobody has a token that is not on the disk");
                            told += 1;
                        }
                        Err(other) => panic!("{cut:?} {kept:?} {other:?}"),
                    }
                    drop(keeper);
                }
            }
        }
    }
    assert!(recovered > 0 && told > 0 && whole > 0, "{recovered} {told} {whole}");
}

#[tokio::test]
async fn an_answer_that_was_lost_on_the_way_is_told_as_such_where_the_old_token_is_used_up() {
    for strict in [false, true] {
        let house = House::associated().await;
        house.fake.state().strict = strict;
        house.expire();
        house.fake.script(&[Do::GiveUnheard]);
        assert!(matches!(house.token().await, Err(AccountFault::Unavailable { .. })));
        assert!(house.row().renewing.is_some());
        let house = house.reopened().await;
        house.router.accounts.tend().await;
        match strict {
            false => assert_eq!(house.token().await.unwrap(), "access-3"),
            true => assert_eq!(house.view().problem.unwrap().code, "renewal-interrupted"),
        }
    }
}

#[tokio::test]
async fn tokens_that_the_disk_does_not_take_are_given_to_nobody_and_stored_when_it_does() {
    let (root, fake) = (tempfile::tempdir().unwrap(), Fake::default());
    fake.state().strict = true;
    let disk = prepared(&root, &fake).await;
    let keeper = keeper(&disk, &root, &fake).await.unwrap();
    fake.script(&[Do::Await]);
    let asking = {
        let keeper = keeper.clone();
        tokio::spawn(async move { ask(&keeper).await })
    };
    while fake.asked() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    disk.set_fault(Some(crate::store::sim::Fault::Writes(std::io::ErrorKind::StorageFull)));
    fake.go.notify_one();
    assert!(matches!(asking.await.unwrap(), Err(AccountFault::Unavailable { .. })));
    // Whoever edits the instance meanwhile makes nobody ask with the old one.
    keeper.reconsider(|_| true);
    disk.set_fault(None);
    // The store looks whether its disk is back at most once a second.
    let kept = keeper.kept(&path());
    for _ in 0..300 {
        if let Ok(token) = kept.ask(crate::accounts::kept::Need::Renew).await {
            assert_eq!((token.reveal(), fake.asked()), ("access-2", 1));
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the tokens were lost");
}
