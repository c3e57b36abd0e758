//! Associations from their beginning to each of their ends.

use super::*;
use relais_accounts::FaultKind;

fn instance_edit(id: &str, value: &str) -> Edit {
    Edit {
        set: BTreeMap::from([(id.to_owned(), value.into())]),
        ..Edit::default()
    }
}

#[tokio::test]
async fn a_code_is_shown_and_waited_for_and_its_account_has_tokens_then() {
    let house = House::new().await;
    assert_eq!(house.view().state, AccountState::None);
    house
        .fake
        .script(&[Do::Pending, Do::Pending, Do::SlowDown, Do::Pending]);
    let begun = house.begin(by(Flow::DeviceCode)).await.unwrap();
    let Stage::Code {
        user_code,
        verification_uri,
        ..
    } = &begun.stage
    else {
        panic!("{begun:?}")
    };
    assert_eq!(
        (user_code.as_str(), verification_uri.as_str()),
        ("ABCD-EFGH", "https://login.example.org/device")
    );
    assert_eq!((begun.flow, begun.stage.word()), (Flow::DeviceCode, "pending"));
    assert_eq!(house.view().state, AccountState::Pending);
    let mut states = house.router.association(&ws(), &graph(), "mail").unwrap();
    let slowed = |association: &Association| matches!(association.stage, Stage::Code { slowed: true, .. });
    states.wait_for(slowed).await.unwrap();
    house.fake.script(&[]);
    let done = house.ended().await;
    assert!(
        matches!(&done, Stage::Done { username: Some(user), .. } if user == "ged@mairie.example"),
        "{done:?}"
    );
    let view = house.view();
    assert_eq!(
        (view.state, view.provider.as_deref()),
        (AccountState::Associated, Some("microsoft"))
    );
    assert_eq!((view.client_id.as_deref(), view.own_application), (Some("app"), false));
    assert_eq!(house.audited()[0], "account-associate");
    assert!(house.router.instance(&ws(), &graph()).unwrap().credentials[0].ready);
    assert_eq!(house.token().await.unwrap(), "access-1");
}

#[tokio::test]
async fn who_declines_or_comes_too_late_leaves_no_account_and_is_told_apart() {
    let cases = [
        (FaultKind::Declined, "authorization_declined", "declined"),
        (FaultKind::Expired, "expired_token", "expired"),
        (FaultKind::Policy, "AADSTS53003", "failed"),
        (FaultKind::Configuration, "invalid_client", "failed"),
    ];
    for (kind, code, word) in cases {
        let house = House::new().await;
        house.fake.script(&[Do::Refuse(kind, code)]);
        let ended = house.associate(by(Flow::DeviceCode)).await;
        assert_eq!(ended.word(), word);
        if let Stage::Failed(problem) = ended {
            assert_eq!(problem.code, code);
            assert_ne!(problem.text(Lang::Fr), problem.text(Lang::En));
        }
        assert_eq!(house.view().state, AccountState::None);
    }
}

#[tokio::test]
async fn rights_that_were_taken_away_at_consent_make_no_account_and_are_named() {
    let house = House::new().await;
    house.fake.state().missing = vec!["Mail.ReadWrite".to_owned(), "Mail.Send".to_owned()];
    let Stage::Failed(problem) = house.associate(by(Flow::DeviceCode)).await else {
        panic!("it was associated");
    };
    let text = problem.text(Lang::En);
    assert!(
        problem.code == "scopes-missing" && text.contains("Mail.Send") && !text.contains("Mail.ReadWrite"),
        "{problem:?}"
    );
    house.fake.state().missing.clear();
    house.fake.state().without_refresh_token = true;
    let Stage::Failed(problem) = house.associate(by(Flow::DeviceCode)).await else {
        panic!("it was associated");
    };
    assert_eq!(problem.code, "no-refresh-token");
    assert_eq!(house.view().state, AccountState::None);
}

#[tokio::test]
async fn a_right_that_the_connector_can_do_without_may_be_taken_away() {
    let house = House::new().await;
    house.fake.state().missing = vec!["Mail.ReadWrite".to_owned()];
    let ended = house.associate(by(Flow::DeviceCode)).await;
    assert_eq!(ended.word(), "done", "{ended:?}");
    let view = house.view();
    // What was granted is told, beside what was asked for.
    assert_eq!((view.asked.len(), view.scopes), (2, vec!["Mail.Send".to_owned()]));
    assert_eq!(view.missing, ["Mail.ReadWrite"]);
}

#[tokio::test]
async fn a_page_comes_back_to_the_public_address_and_is_known_by_its_state_alone() {
    let house = House::new().await;
    house
        .router
        .set_public_url(Some("https://relais.mairie.example/ged".parse().unwrap()));
    let begun = house.begin(by(Flow::AuthorizationCode)).await.unwrap();
    let Stage::Page {
        redirect,
        pasted,
        address,
    } = &begun.stage
    else {
        panic!("{begun:?}")
    };
    assert_eq!(
        (redirect.as_str(), *pasted),
        ("https://relais.mairie.example/ged/oauth/callback", false)
    );
    assert!(address.starts_with("https://login.example.org/authorize"));
    for wrong in ["code=x&state=other", "code=x", "", "state=s3cret-stat"] {
        let refused = house.router.came_back(wrong).unwrap_err();
        assert_eq!(refused.code(), "association-unknown", "{wrong}");
    }
    house.router.came_back("code=x&state=s3cret-state").unwrap();
    assert_eq!(house.ended().await.word(), "done");
    let again = house.router.came_back("code=x&state=s3cret-state").unwrap_err();
    assert_eq!(again.code(), "association-unknown");
}

#[tokio::test]
async fn without_a_public_address_the_redirected_one_is_pasted_and_a_wrong_one_spoils_nothing() {
    let house = House::new().await;
    let begun = house.begin(by(Flow::AuthorizationCode)).await.unwrap();
    assert!(
        matches!(&begun.stage, Stage::Page { redirect, pasted: true, .. } if redirect == "http://localhost/oauth/callback")
    );
    let hand = |address: &str| house.router.redirected(&ws(), &graph(), "mail", address);
    for wrong in [
        "",
        "x",
        "http://localhost/oauth/callback?code=1&state=of-another",
        "http://localhost/?code=1&state=s3cret-state",
        "https://localhost/oauth/callback?code=1&state=s3cret-state",
        "http://evil.example.net/oauth/callback?code=1&state=s3cret-state",
        "https://login.example.org/authorize?state=s3cret-state&redirect_uri=http://localhost/oauth/callback",
    ] {
        assert_eq!(hand(wrong).unwrap_err().code(), "redirected-address-wrong", "{wrong}");
    }
    hand(" http://localhost/oauth/callback?code=1&state=s3cret-state \n").unwrap();
    assert_eq!(house.ended().await.word(), "done");
}

#[tokio::test]
async fn without_an_application_the_steps_to_register_one_are_told_with_the_address() {
    let house = House::new().await;
    house.router.remove_application(&who(), &ws(), "microsoft").unwrap();
    let error = house.begin(by(Flow::DeviceCode)).await.unwrap_err();
    assert_eq!(error.code(), "application-missing");
    let text = error.text(Lang::Fr);
    assert!(text.contains("Inscrivez http://localhost/oauth/callback."), "{text}");
    assert!(text.contains("relais application set microsoft"), "{text}");
}

#[tokio::test]
async fn an_account_may_bring_its_own_application_and_keeps_it() {
    let house = House::new().await;
    house.router.remove_application(&who(), &ws(), "microsoft").unwrap();
    let own = Associate {
        application: Some(("own-app".to_owned(), NewProof::Secret(secret("own-secret")))),
        ..by(Flow::DeviceCode)
    };
    assert_eq!(house.associate(own).await.word(), "done");
    let view = house.view();
    assert_eq!(
        (view.client_id.as_deref(), view.own_application),
        (Some("own-app"), true)
    );
    house.expire();
    assert_eq!(house.token().await.unwrap(), "access-2");
    // Associated again, it is asked for in the same name.
    assert_eq!(house.associate(by(Flow::DeviceCode)).await.word(), "done");
    assert_eq!(house.view().client_id.as_deref(), Some("own-app"));
    let data = house.root.path().join("data");
    assert!(!crate::tests::holds_below(&data, "own-secret"));
}

#[tokio::test]
async fn tokens_are_nowhere_in_the_data_folder_and_in_no_journal() {
    let house = House::associated().await;
    let journal = format!("{:?}", house.router.audit(None, None, 100).unwrap());
    assert!(journal.contains("account-associate") && !journal.contains("access-") && !journal.contains("refresh-"));
    let House { root, router, .. } = house;
    drop(router);
    let data = root.path().join("data");
    assert!(
        crate::tests::holds_below(&data, "ged@mairie.example"),
        "the search finds what is there"
    );
    assert!(!crate::tests::holds_below(&data, "access-1") && !crate::tests::holds_below(&data, "refresh-1"));
}

#[tokio::test]
async fn a_workspace_says_which_flows_and_providers_it_allows() {
    let house = House::new().await;
    let allow = |flows: Option<Vec<Flow>>, providers: Option<Vec<String>>| {
        let edit = crate::WorkspaceEdit {
            account_flows: Some(flows),
            account_providers: Some(providers),
            ..Default::default()
        };
        house.router.edit_workspace(&who(), &ws(), edit).unwrap()
    };
    let view = allow(Some(vec![Flow::AuthorizationCode]), None);
    assert_eq!(view.governance.flows, Some(vec![Flow::AuthorizationCode]));
    let refused = house.begin(by(Flow::DeviceCode)).await.unwrap_err();
    assert_eq!(refused.code(), "account-forbidden");
    assert!(refused.to_string().contains("device-code"), "{refused}");
    // Where none is named the one that is allowed is taken.
    let chosen = Associate {
        provider: Some("microsoft".to_owned()),
        ..Associate::default()
    };
    assert_eq!(house.begin(chosen).await.unwrap().flow, Flow::AuthorizationCode);
    allow(None, Some(vec!["google".to_owned()]));
    assert_eq!(
        house.begin(by(Flow::DeviceCode)).await.unwrap_err().code(),
        "account-forbidden"
    );
    allow(None, Some(vec!["microsoft".to_owned()]));
    assert_eq!(house.associate(Associate::default()).await.word(), "done");
    // An account that came by what is not allowed any more gives no token; allowed again, it does.
    assert_eq!(house.token().await.unwrap(), "access-1");
    allow(Some(vec![Flow::ClientCredentials]), None);
    assert!(matches!(house.token().await, Err(AccountFault::Reconnect(_))));
    assert_eq!(house.view().problem.unwrap().code, "account-flow-forbidden");
    allow(None, None);
    assert_eq!(house.token().await.unwrap(), "access-1");
}

#[tokio::test]
async fn what_is_not_there_is_named_with_what_is() {
    let house = House::new().await;
    let several = Associate::default();
    assert_eq!(house.begin(several).await.unwrap_err().code(), "provider-needed");
    let unknown = Associate {
        provider: Some("apple".to_owned()),
        ..Associate::default()
    };
    assert!(
        house
            .begin(unknown)
            .await
            .unwrap_err()
            .to_string()
            .contains("`microsoft`")
    );
    let not_offered = Associate {
        provider: Some("google".to_owned()),
        flow: Some(Flow::DeviceCode),
        ..Associate::default()
    };
    assert_eq!(house.begin(not_offered).await.unwrap_err().code(), "flow-not-offered");
    let (ws, graph) = (ws(), graph());
    let other = house
        .router
        .associate(&who(), &ws, &graph, "male", by(Flow::DeviceCode))
        .await;
    assert!(other.unwrap_err().to_string().contains("`mail`"));
    let alone = house.begin(by(Flow::ClientCredentials)).await.unwrap_err();
    assert_eq!(alone.code(), "application-public");
}

#[tokio::test]
async fn an_association_is_given_up_by_hand_by_another_one_and_with_its_instance() {
    let house = House::new().await;
    house.fake.script(&[Do::Pending]);
    house.begin(by(Flow::DeviceCode)).await.unwrap();
    let first = house.router.association(&ws(), &graph(), "mail").unwrap();
    house.begin(by(Flow::DeviceCode)).await.unwrap();
    assert_eq!(first.borrow().stage, Stage::GivenUp);
    house.router.give_up_association(&ws(), &graph(), "mail").unwrap();
    assert_eq!(house.ended().await, Stage::GivenUp);
    let again = house.router.give_up_association(&ws(), &graph(), "mail").unwrap_err();
    assert_eq!(again.code(), "association-unknown");
    house.begin(by(Flow::DeviceCode)).await.unwrap();
    let mut states = house.router.association(&ws(), &graph(), "mail").unwrap();
    house.router.remove_instance(&who(), &ws(), &graph()).unwrap();
    states
        .wait_for(|association| association.stage.is_over())
        .await
        .unwrap();
    assert_eq!(house.router.accounts.associations.count(&ws()), 0);
}

#[tokio::test]
async fn an_instance_that_is_edited_meanwhile_does_not_get_an_account_for_something_else() {
    let house = House::new().await;
    house.fake.script(&[Do::Pending]);
    house.begin(by(Flow::DeviceCode)).await.unwrap();
    house
        .router
        .edit_instance(&who(), &ws(), &graph(), instance_edit("tenant", "other"))
        .unwrap();
    house.fake.script(&[]);
    let Stage::Failed(problem) = house.ended().await else {
        panic!("it was associated");
    };
    assert_eq!(problem.code, "instance-edited");
    assert_eq!(house.view().state, AccountState::None);
}

#[tokio::test]
async fn an_edit_of_what_the_account_is_for_is_refused_until_the_account_is_given_up_by_name() {
    let house = House::associated().await;
    let edit = |forget: &[&str]| Edit {
        forget: forget.iter().map(|id| (*id).to_owned()).collect(),
        ..instance_edit("tenant", "other")
    };
    let refused = house
        .router
        .edit_instance(&who(), &ws(), &graph(), edit(&[]))
        .unwrap_err();
    assert_eq!(refused.code(), "accounts-needed");
    assert!(
        refused.to_string().contains("`tenant`") && refused.to_string().contains("--forget mail"),
        "{refused}"
    );
    // What decides nothing is edited as before.
    house
        .router
        .edit_instance(&who(), &ws(), &graph(), instance_edit("sender", "a@mairie.example"))
        .unwrap();
    assert_eq!(house.token().await.unwrap(), "access-1");
    let view = house
        .router
        .edit_instance(&who(), &ws(), &graph(), edit(&["mail"]))
        .unwrap();
    assert_eq!(view.accounts[0].state, AccountState::None);
    assert!(matches!(house.token().await, Err(AccountFault::NotAssociated(_))));
    let sealed = house.router.store.read(|tables| tables.sealed_for_accounts()).unwrap();
    assert_eq!(sealed, 0);
    let given = Edit {
        secrets: BTreeMap::from([("mail".to_owned(), secret("a token of my own"))]),
        ..Edit::default()
    };
    assert_eq!(
        house
            .router
            .edit_instance(&who(), &ws(), &graph(), given)
            .unwrap_err()
            .code(),
        "fields-invalid"
    );
}

#[tokio::test]
async fn who_dissociates_has_the_provider_take_the_tokens_back_and_nothing_is_left() {
    let house = House::associated().await;
    let account = house.account();
    let gone = house.router.dissociate(&who(), &ws(), &graph(), "mail").await.unwrap();
    assert_eq!(
        (gone.revocation, gone.username.as_deref()),
        (Revocation::Done, Some("ged@mairie.example"))
    );
    assert_eq!(house.fake.state().revoked, ["refresh-1"]);
    assert!(
        matches!(token(&*account).await, Err(AccountFault::NotAssociated(_))),
        "who held it has it no more"
    );
    assert_eq!(house.view().state, AccountState::None);
    assert_eq!(
        house.router.store.read(|tables| tables.sealed_for_accounts()).unwrap(),
        0
    );
    assert_eq!(house.audited()[..2], ["account-revoke", "account-dissociate"]);
    let entry = &house.router.audit(None, None, 1).unwrap()[0];
    assert_eq!(entry.detail, ["mail", "microsoft", "done"]);
    let again = house
        .router
        .dissociate(&who(), &ws(), &graph(), "mail")
        .await
        .unwrap_err();
    assert_eq!(again.code(), "account-none");
}
