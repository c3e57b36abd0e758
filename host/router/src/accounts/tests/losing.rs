//! An account that gives no token any more: what is said, and what waits.

use relais_accounts::FaultKind;
use relais_message::Draft;

use super::*;
use crate::accept::{Content, Mail};
use crate::outbox::{DeliveryId, Origin, Summary};
use crate::resolve::Route;
use crate::tests::admin;

fn draft() -> Draft {
    Draft {
        to: vec!["a@example.org".to_owned()],
        subject: "Convocation".to_owned(),
        ..Draft::default()
    }
}

impl House {
    async fn lost() -> Self {
        let house = Self::associated().await;
        house.expire();
        house.fake.script(&[Do::Refuse(FaultKind::Reconnect, "AADSTS50173")]);
        house.token().await.unwrap_err();
        house
    }

    /// Whoever is told, and by which instance.
    pub fn with_a_contact(&self) {
        let house = self;
        house.install(crate::tests::SMTP);
        house.router.enable_connector(&who(), &ws(), "relais/smtp").unwrap();
        let smtp = InstanceName::new("smtp").unwrap();
        house
            .router
            .create_instance(&who(), &ws(), &smtp, crate::tests::with_password())
            .unwrap();
        let edit = crate::WorkspaceEdit {
            contact: Some(Some("dsi@mairie.example".to_owned())),
            notices_through: Some(Some(smtp.clone())),
            ..Default::default()
        };
        house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    }

    /// What was sent to the contact.
    pub fn alerts(&self) -> Vec<crate::Delivery> {
        let filter = crate::Filter {
            limit: 10,
            ..crate::Filter::default()
        };
        self.router.book().list(&ws(), &filter).unwrap().deliveries
    }

    pub async fn accept(&self) -> DeliveryId {
        let mail = Mail {
            content: Content::Draft(draft()),
            route: Route::Connector(graph()),
            origin: Origin::Api,
            idempotency: None,
        };
        let accepted = self.router.accept(&ws(), mail, &who()).await.unwrap();
        accepted.delivery.id
    }
}

/// Until the delivery waits for its account, and says why, without an attempt.
pub async fn waits(house: &House, id: DeliveryId, why: &str) {
    let noted = || house.router.book().get(id).unwrap().unwrap();
    for _ in 0..400 {
        if noted().recipients[0].words.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let row = noted();
    assert_eq!((row.summary(), row.tried, row.attempts.len()), (Summary::Queued, 0, 0));
    assert!(row.recipients[0].words.as_ref().unwrap().text.contains(why), "{row:?}");
}

#[tokio::test]
async fn a_lost_account_says_why_in_both_languages_and_is_asked_no_more() {
    let house = House::lost().await;
    let view = house.view();
    let problem = view.problem.unwrap();
    assert_eq!(
        (view.state, problem.code.as_str()),
        (AccountState::Reconnect, "AADSTS50173")
    );
    assert_ne!(problem.text(Lang::Fr), problem.text(Lang::En));
    assert_eq!(house.audited()[0], "account-lost");
    let asked = house.fake.asked();
    for _ in 0..10 {
        assert!(matches!(house.token().await, Err(AccountFault::Reconnect(_))));
    }
    house.router.accounts.tend().await;
    let house = house.reopened().await;
    assert!(matches!(house.token().await, Err(AccountFault::Reconnect(_))));
    assert_eq!(house.fake.asked(), asked);
    assert_eq!(house.audited().iter().filter(|word| *word == "account-lost").count(), 1);
}

#[tokio::test]
async fn the_contact_of_the_workspace_is_told_once() {
    let house = House::lost().await;
    // Nobody is there to be told yet.
    house.router.tell_of_lost().await;
    assert!(!house.row().lost.unwrap().told);
    house.with_a_contact();
    house.router.tell_of_lost().await;
    house.router.tell_of_lost().await;
    let alerts = house.alerts();
    assert_eq!(alerts.len(), 1);
    let alert = &alerts[0];
    assert_eq!(
        (alert.instance.as_str(), alert.recipients[0].address.as_str()),
        ("smtp", "dsi@mairie.example")
    );
    let text = crate::tests::backup::mime(&house.router, alert.id).await;
    let text = String::from_utf8_lossy(&text);
    assert!(
        text.contains("AADSTS50173") && text.contains("account to reconnect"),
        "{text}"
    );
    assert!(house.row().lost.unwrap().told);
}

#[tokio::test]
async fn deliveries_wait_for_the_account_without_an_attempt_and_leave_their_lane_when_it_is_back() {
    let house = House::lost().await;
    let id = house.accept().await;
    let dispatcher = house.router.dispatch().unwrap();
    let noted = || house.router.book().get(id).unwrap().unwrap();
    waits(&house, id, "AADSTS50173").await;
    // The lane hears of it just after.
    let paused = || house.router.measures().lanes[0].paused_for.is_some();
    for _ in 0..400 {
        if paused() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(paused());
    house.associate(by(Flow::DeviceCode)).await;
    // The connector of this test is a row without a component, so that the next attempt fails for that, and counts.
    for _ in 0..400 {
        if noted().tried > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(noted().tried, 1, "the lane is open again");
    dispatcher.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_delivery_that_waited_for_its_account_is_not_given_up_and_has_a_day_afterwards() {
    let house = House::lost().await;
    let id = house.accept().await;
    let delivery = house.router.book().get(id).unwrap().unwrap();
    let until = house.router.reprieve(&delivery, Timestamp::now().into()).unwrap();
    assert!(until > Timestamp::now() + Duration::from_secs(86_000));
    house.associate(by(Flow::DeviceCode)).await;
    let until = house.router.reprieve(&delivery, Timestamp::now().into()).unwrap();
    assert!(until > Timestamp::now() + Duration::from_secs(86_000));
    let later = crate::outbox::Delivery {
        accepted_at: Timestamp::now() + Duration::from_secs(1),
        ..delivery
    };
    assert_eq!(house.router.reprieve(&later, Timestamp::now().into()), None);
    let none = House::new().await;
    assert!(
        none.router
            .read(|tables| missing(tables, &path().instance))
            .unwrap()
            .is_some(),
        "an account that was never there is missing, too"
    );
}

#[tokio::test]
async fn what_a_rule_or_the_application_stopped_goes_on_by_itself_once_that_is_mended() {
    let house = House::associated().await;
    house.expire();
    house
        .fake
        .script(&[Do::Refuse(FaultKind::Configuration, "invalid_client")]);
    assert!(matches!(house.token().await, Err(AccountFault::Reconnect(_))));
    let revision = house.router.instance(&ws(), &graph()).unwrap().revision;
    // A new secret of the same application.
    house
        .router
        .set_application(&who(), &ws(), "microsoft", public("app"))
        .unwrap();
    assert_eq!(house.view().state, AccountState::Associated);
    assert!(
        house.router.instance(&ws(), &graph()).unwrap().revision > revision,
        "the lane opens"
    );
    assert_eq!(house.token().await.unwrap(), "access-2");

    house.expire();
    house.fake.script(&[Do::Refuse(FaultKind::Policy, "AADSTS53003")]);
    assert!(house.token().await.is_err());
    house.change_row(|row| row.lost.as_mut().unwrap().at = Timestamp::now() - Duration::from_secs(3700));
    house.router.accounts.tend().await;
    assert_eq!(house.view().state, AccountState::Associated);
    assert_eq!(house.token().await.unwrap(), "access-3");
}

#[tokio::test]
async fn an_administrator_may_try_a_lost_account_again() {
    let house = House::lost().await;
    house.fake.script(&[Do::Refuse(FaultKind::Reconnect, "AADSTS50173")]);
    let refused = house
        .router
        .renew_account(&who(), &ws(), &graph(), "mail")
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "account-reconnect");
    house
        .router
        .renew_account(&who(), &ws(), &graph(), "mail")
        .await
        .unwrap();
    assert_eq!(house.view().state, AccountState::Associated);
}

#[tokio::test]
async fn without_the_key_a_restored_account_is_to_be_associated_again_and_so_told() {
    let house = House::associated().await;
    house
        .router
        .set_application(
            &who(),
            &ws(),
            "microsoft",
            NewApplication {
                proof: NewProof::Secret(secret("x")),
                ..public("app")
            },
        )
        .unwrap();
    let mut bytes = Vec::new();
    let report = house.router.backup(&who(), &mut bytes).unwrap();
    assert_eq!(report.secrets, 3, "two tokens, and the secret of the application");
    let elsewhere = tempfile::tempdir().unwrap();
    let paths = Paths::default_for(elsewhere.path().join("data"));
    let from: Box<dyn std::io::Read + Send> = Box::new(std::io::Cursor::new(bytes));
    let report = crate::restore(from, paths, &who(), crate::Pending::Hold, crate::Tokens::Keep)
        .await
        .unwrap();
    assert!(!report.secrets_open);
    let router = open(&elsewhere, &house.fake).await;
    let copy = House {
        root: elsewhere,
        router,
        fake: house.fake.clone(),
    };
    assert_eq!(copy.view().state, AccountState::Reconnect);
    // The first thing that is sealed here erases what cannot be opened.
    let again = NewApplication {
        proof: NewProof::Secret(secret("y")),
        ..public("app")
    };
    copy.router.set_application(&who(), &ws(), "microsoft", again).unwrap();
    assert_eq!(copy.view().problem.unwrap().code, "account-key-lost");
    assert!(matches!(copy.token().await, Err(AccountFault::Reconnect(_))));
    assert_eq!(copy.associate(by(Flow::DeviceCode)).await.word(), "done");
    assert!(copy.token().await.is_ok());
    let _ = admin::ws();
}

#[tokio::test]
async fn tokens_that_were_sealed_for_another_place_are_of_no_use_there() {
    let house = House::associated().await;
    let other = AccountPath {
        instance: InstancePath {
            workspace: ws(),
            name: InstanceName::new("other").unwrap(),
        },
        parameter: "mail".to_owned(),
    };
    house
        .router
        .create_instance(&who(), &ws(), &other.instance.name, new_graph())
        .unwrap();
    house
        .router
        .store
        .write(|tables| {
            for part in [crate::store::Part::Access, crate::store::Part::Refresh] {
                let sealed = tables.account_secret(&path(), part)?;
                tables.put_account_secret(&other, part, sealed.as_deref())?;
            }
            let row = tables.account(&path())?.unwrap();
            tables.put_account(&other, &row)
        })
        .unwrap();
    let stolen = house
        .router
        .accounts
        .kept(&other)
        .ask(crate::accounts::kept::Need::Use)
        .await;
    assert!(stolen.is_err());
    let view = house.router.account(&ws(), &other.instance.name, "mail").unwrap();
    assert_eq!(view.problem.unwrap().code, "account-tokens-unopened");
    assert_eq!(house.fake.asked(), 1);
}

#[tokio::test]
async fn what_a_false_name_server_or_a_front_end_says_for_a_moment_loses_no_account() {
    for code in ["provider-refused", "web-page", "http-status"] {
        let house = House::associated().await;
        house.expire();
        house.fake.script(&[Do::Refuse(FaultKind::Configuration, code)]);
        assert!(
            matches!(house.token().await, Err(AccountFault::Unavailable { .. })),
            "{code}"
        );
        assert_eq!(
            (house.view().state, house.row().renewing),
            (AccountState::Associated, None)
        );
        assert!(!house.audited().contains(&"account-lost".to_owned()));
        // Said for an hour, it is believed.
        let kept = house.router.accounts.kept(&path());
        let later = tokio::time::Instant::now() + Duration::from_secs(3_601);
        assert!(kept.doubted_for_long(later));
        kept.reconsider(false);
        assert_eq!(house.token().await.unwrap(), "access-2");
        assert!(!kept.doubted_for_long(later), "a token ends the doubt");
    }
}
