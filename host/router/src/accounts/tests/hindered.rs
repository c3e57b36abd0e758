//! An account that its provider has nothing against, and that is of no use as things are.

use super::*;

/// With an application that proves itself, and the account associated in its name.
async fn confidential() -> House {
    let house = House::new().await;
    house.set(None).unwrap();
    assert_eq!(house.associate(by(Flow::DeviceCode)).await.word(), "done");
    house
}

impl House {
    /// The same application with its secret, for these origins.
    fn set(&self, origins: Option<&str>) -> Result<ApplicationView, Error> {
        let new = NewApplication {
            proof: NewProof::Secret(secret("app-s3cret")),
            origins: origins.map(|origin| vec![origin.to_owned()]),
            ..public("app")
        };
        self.router.set_application(&who(), &ws(), "microsoft", new)
    }
}

#[tokio::test]
async fn an_application_whose_secret_may_not_go_there_any_more_is_told_and_costs_no_delivery() {
    let house = confidential().await;
    house.with_a_contact();
    let id = house.accept().await;
    let delivery = house.router.book().get(id).unwrap().unwrap();
    house.set(Some("https://sso.mairie.example")).unwrap();
    let view = house.view();
    let problem = view.problem.unwrap();
    assert_eq!(
        (view.state, problem.code.as_str()),
        (AccountState::Reconnect, "application-elsewhere")
    );
    assert!(matches!(house.token().await, Err(AccountFault::Reconnect(_))));
    assert!(house.router.reprieve(&delivery, Timestamp::now().into()).unwrap() > Timestamp::now());
    house.router.tell_of_lost().await;
    house.router.tell_of_lost().await;
    let alerts: Vec<_> = house.alerts().into_iter().filter(|alert| alert.id != id).collect();
    assert_eq!(alerts.len(), 1, "it is told once");
    let text = crate::tests::backup::mime(&house.router, alerts[0].id).await;
    assert!(String::from_utf8_lossy(&text).contains("sso.mairie.example"));
    // Nothing was lost by it.
    house.set(None).unwrap();
    assert_eq!(house.view().state, AccountState::Associated);
    assert_eq!(house.token().await.unwrap(), "access-1");
}

#[tokio::test]
async fn what_an_upgrade_or_a_rule_made_useless_is_told_once_each_time_and_not_asked_for() {
    let house = House::associated().await;
    house.with_a_contact();
    assert_eq!(house.token().await.unwrap(), "access-1");
    let allow = |flows| {
        let edit = crate::WorkspaceEdit {
            account_flows: Some(flows),
            ..Default::default()
        };
        house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    };
    for told in 1..=2 {
        allow(Some(Vec::new()));
        house.router.tell_of_lost().await;
        house.router.tell_of_lost().await;
        assert_eq!(house.alerts().len(), told);
        allow(None);
        house.router.tell_of_lost().await;
    }
    house.install(&GRAPH.replace("https://graph.example.org", "https://graph.example.com"));
    house.change_row(|row| {
        row.renewed_at = Timestamp::now() - Duration::from_secs(3300);
        row.last_used_at = Some(Timestamp::now());
    });
    house.router.tell_of_lost().await;
    assert_eq!(house.alerts().len(), 3);
    // It is due, and whoever asked for it would be told each minute that it is outdated.
    let due = house.router.read(crate::accounts::standing::unhindered).unwrap();
    assert!(due.is_empty());
    house.router.accounts.tend().await;
    assert_eq!(house.fake.asked(), 1);
}
