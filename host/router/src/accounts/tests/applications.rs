//! The applications of a workspace, and where their secrets may go.

use super::*;

fn confidential(client_id: &str, secret_text: &str) -> NewApplication {
    NewApplication {
        proof: NewProof::Secret(secret(secret_text)),
        ..public(client_id)
    }
}

fn set(house: &House, new: NewApplication) -> Result<ApplicationView, Error> {
    house.router.set_application(&who(), &ws(), "microsoft", new)
}

#[tokio::test]
async fn an_application_is_shown_without_its_secret_and_kept_sealed() {
    let house = House::new().await;
    let view = set(&house, confidential("app", "app-s3cret")).unwrap();
    assert_eq!(
        (view.proof, view.origins.as_slice()),
        ("secret", &["https://login.example.org".to_owned()][..])
    );
    assert!(!format!("{:?}", house.router.applications(&ws()).unwrap()).contains("app-s3cret"));
    assert!(!crate::tests::holds_below(
        &house.root.path().join("data"),
        "app-s3cret"
    ));
    assert_eq!(house.audited()[0], "application-set");
}

#[tokio::test]
async fn the_secret_of_an_application_goes_to_no_endpoint_that_a_later_connector_names() {
    let house = House::new().await;
    set(&house, confidential("app", "app-s3cret")).unwrap();
    let evil = GRAPH.replace("relais/graph", "evil/graph").replace(
        "https://login.example.org/{tenant}/token",
        "https://evil.example.net/token",
    );
    house.install(&evil);
    house.router.enable_connector(&who(), &ws(), "evil/graph").unwrap();
    let new = New {
        connector: "evil/graph".to_owned(),
        ..new_graph()
    };
    let name = InstanceName::new("evil").unwrap();
    house.router.create_instance(&who(), &ws(), &name, new).unwrap();
    let refused = house
        .router
        .associate(&who(), &ws(), &name, "mail", by(Flow::ClientCredentials))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "application-elsewhere");
    assert!(refused.to_string().contains("https://evil.example.net"), "{refused}");
    assert!(house.fake.state().doors.is_empty(), "nobody was asked");
}

#[tokio::test]
async fn where_a_secret_may_go_is_given_or_follows_from_enabled_connectors() {
    let house = House::new().await;
    house.router.disable_connector(&who(), &ws(), "relais/graph").unwrap();
    assert_eq!(
        set(&house, confidential("app", "x")).unwrap_err().code(),
        "origins-needed"
    );
    let given = |origins: &[&str]| NewApplication {
        origins: Some(origins.iter().map(|origin| (*origin).to_owned()).collect()),
        ..confidential("app", "x")
    };
    assert_eq!(
        set(&house, given(&["https://x/tenant"])).unwrap_err().code(),
        "origin-invalid"
    );
    let view = set(&house, given(&["https://SSO.mairie.example/"])).unwrap();
    assert_eq!(view.origins, ["https://sso.mairie.example"]);
    for bad in ["", "é", "a\nb"] {
        assert_eq!(
            set(&house, confidential(bad, "x")).unwrap_err().code(),
            "application-invalid",
            "{bad:?}"
        );
        assert_eq!(
            set(&house, confidential("app", bad)).unwrap_err().code(),
            "application-invalid",
            "{bad:?}"
        );
    }
}

#[tokio::test]
async fn a_new_secret_of_the_same_application_costs_no_account_and_another_application_does() {
    let house = House::new().await;
    set(&house, confidential("app", "first")).unwrap();
    house.associate(by(Flow::DeviceCode)).await;
    set(&house, confidential("app", "second")).unwrap();
    house.expire();
    assert_eq!(house.token().await.unwrap(), "access-2");
    set(&house, public("other-app")).unwrap();
    assert!(matches!(house.token().await, Err(AccountFault::Reconnect(_))));
    assert_eq!(house.view().problem.unwrap().code, "application-changed");
    assert_eq!(house.audited()[..2], ["application-set", "account-lost"]);
}

#[tokio::test]
async fn an_application_that_accounts_use_is_not_removed() {
    let house = House::associated().await;
    let refused = house.router.remove_application(&who(), &ws(), "microsoft").unwrap_err();
    assert_eq!(refused.code(), "application-in-use");
    assert!(refused.to_string().contains("default/graph/mail"), "{refused}");
    house.router.dissociate(&who(), &ws(), &graph(), "mail").await.unwrap();
    house.router.remove_application(&who(), &ws(), "microsoft").unwrap();
    assert!(house.router.applications(&ws()).unwrap().is_empty());
    let again = house.router.remove_application(&who(), &ws(), "microsoft").unwrap_err();
    assert_eq!(again.code(), "application-unknown");
}

/// The account with an application of its own, and a connector whose next version names another endpoint.
async fn upgraded(proof: NewProof) -> House {
    let house = House::new().await;
    let own = Associate {
        application: Some(("own-app".to_owned(), proof)),
        ..by(Flow::DeviceCode)
    };
    assert_eq!(house.associate(own).await.word(), "done");
    house.fake.state().doors.clear();
    house.install(&GRAPH.replace(
        "https://login.example.org/{tenant}/token",
        "https://evil.example.net/{tenant}/token",
    ));
    house
}

#[tokio::test]
async fn the_secret_of_an_accounts_own_application_goes_to_no_endpoint_that_a_later_version_names() {
    let house = upgraded(NewProof::Secret(secret("own-s3cret"))).await;
    for flow in [Flow::DeviceCode, Flow::ClientCredentials, Flow::AuthorizationCode] {
        let refused = house.begin(by(flow)).await.unwrap_err();
        assert_eq!(refused.code(), "application-needed", "{refused}");
        assert!(
            refused.text(Lang::Fr).contains("les adresses du fournisseur"),
            "{refused}"
        );
    }
    assert!(house.fake.state().doors.is_empty(), "nobody was asked");
    // Given again it is for the new endpoint; without the account the workspace's is used.
    let own = Associate {
        application: Some(("own-app".to_owned(), NewProof::Secret(secret("own-s3cret")))),
        ..by(Flow::DeviceCode)
    };
    assert_eq!(house.associate(own).await.word(), "done");
    assert_eq!(house.associate(by(Flow::DeviceCode)).await.word(), "done");
    assert_eq!(house.view().client_id.as_deref(), Some("own-app"));
    house.router.dissociate(&who(), &ws(), &graph(), "mail").await.unwrap();
    assert_eq!(house.associate(by(Flow::DeviceCode)).await.word(), "done");
    assert_eq!(house.view().client_id.as_deref(), Some("app"));
}

#[tokio::test]
async fn an_edit_after_any_upgrade_does_not_send_the_own_secret_to_the_edited_place() {
    let house = House::new().await;
    let own = Associate {
        application: Some(("own-app".to_owned(), NewProof::Secret(secret("own-s3cret")))),
        ..by(Flow::DeviceCode)
    };
    assert_eq!(house.associate(own).await.word(), "done");
    house.fake.state().doors.clear();
    // The account is of no use since an upgrade that has nothing to do with the provider, so an edit gives up nothing.
    house.install(&GRAPH.replace("https://graph.example.org", "https://graph.example.com"));
    let edit = Edit {
        set: BTreeMap::from([("tenant".to_owned(), "other".into())]),
        ..Edit::default()
    };
    house.router.edit_instance(&who(), &ws(), &graph(), edit).unwrap();
    let refused = house.begin(by(Flow::ClientCredentials)).await.unwrap_err();
    assert_eq!(refused.code(), "application-needed", "{refused}");
    assert!(house.fake.state().doors.is_empty(), "nobody was asked");
}

#[tokio::test]
async fn an_own_application_without_a_secret_is_used_again_after_an_upgrade() {
    let house = upgraded(NewProof::Public).await;
    assert_eq!(house.associate(by(Flow::DeviceCode)).await.word(), "done");
    assert_eq!(house.view().client_id.as_deref(), Some("own-app"));
}
