//! The moment at which an association becomes an account, and whoever gives it up just then.

use super::*;

/// Holds the store until it is told to let go.
fn held(house: &House) -> (std::sync::mpsc::Sender<()>, std::thread::JoinHandle<()>) {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (begun, ready) = std::sync::mpsc::channel::<()>();
    let store = house.router.store.clone();
    let holding = std::thread::spawn(move || {
        let held = store.write(|_| {
            begun.send(()).unwrap();
            // Whoever let go may have failed.
            let _ = wait.recv();
            Ok::<_, Error>(())
        });
        held.unwrap();
    });
    ready.recv().unwrap();
    (go, holding)
}

/// Everything that was granted is there, and waits to be written.
async fn granted(house: &House) {
    house.begin(by(Flow::DeviceCode)).await.unwrap();
    for _ in 0..400 {
        if house.fake.asked() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The task goes from the answer to the store.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn an_association_that_is_given_up_while_it_waits_for_the_disk_makes_no_account() {
    let house = House::new().await;
    let (go, holding) = held(&house);
    granted(&house).await;
    house.router.give_up_association(&ws(), &graph(), "mail").unwrap();
    go.send(()).unwrap();
    holding.join().unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(house.view().state, AccountState::None);
    assert_eq!(house.ended().await, Stage::GivenUp);
}

#[tokio::test]
async fn after_dissociating_nothing_is_left_of_an_association_that_was_about_to_end() {
    let house = House::associated().await;
    let (go, holding) = held(&house);
    house.begin(by(Flow::DeviceCode)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let router = house.router.clone();
    let dissociating = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime
            .block_on(router.dissociate(&who(), &ws(), &graph(), "mail"))
            .unwrap();
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    go.send(()).unwrap();
    holding.join().unwrap();
    tokio::task::spawn_blocking(move || dissociating.join().unwrap())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(house.view().state, AccountState::None);
    assert_eq!(
        house.router.store.read(|tables| tables.sealed_for_accounts()).unwrap(),
        0
    );
}

#[tokio::test]
async fn an_association_that_is_being_written_is_not_given_up_any_more_and_says_how_it_ended() {
    let house = House::new().await;
    let associations = &house.router.accounts.associations;
    let begun = Association {
        provider: "microsoft".to_owned(),
        flow: Flow::DeviceCode,
        began_at: Timestamp::now(),
        expires_at: Timestamp::now(),
        stage: Stage::Starting,
    };
    let state = associations.begin(&path(), begun).unwrap();
    let task = tokio::spawn(std::future::pending::<()>());
    associations.set_task(&path(), &state, task.abort_handle());
    assert!(associations.end(&path(), &state));
    assert!(!associations.give_up(&path()));
    associations.remove(|_| true);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!task.is_finished(), "what follows the writing is done");
    assert_eq!(
        state.borrow().stage,
        Stage::Starting,
        "its end is told by whoever writes"
    );
    assert!(
        !associations.end(&path(), &state),
        "one that was given up is not written"
    );
    task.abort();
}

#[tokio::test]
async fn what_the_provider_said_to_a_revocation_is_in_the_journal_even_where_nobody_waited_for_it() {
    let house = House::associated().await;
    house.fake.state().on_revoking = Some(relais_accounts::FaultKind::Unavailable);
    let (ws, graph) = (ws(), graph());
    let who = who();
    let dissociating = house.router.dissociate(&who, &ws, &graph, "mail");
    let impatient = tokio::time::timeout(Duration::from_millis(20), dissociating).await;
    assert!(impatient.is_err());
    for _ in 0..200 {
        if house.audited()[0] == "account-revoke" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let entry = &house.router.audit(None, None, 1).unwrap()[0];
    assert_eq!(entry.action, "account-revoke");
    assert_eq!(entry.detail, ["mail", "microsoft", "failed", "http-503"]);
    assert_eq!(house.view().state, AccountState::None);
}
