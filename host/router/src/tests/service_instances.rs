use std::time::Duration;

use super::admin::*;
use super::*;
use crate::outbox::UncertainPolicy;
use crate::resolve::Route;
use crate::service_instances::{GIVE_UP, ServiceInstanceEdit};
use crate::tokens::Role;
use crate::workspaces::WorkspaceEdit;

async fn house() -> House {
    let house = House::new().await;
    for name in ["one", "two", "three"] {
        house.create(name);
    }
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("one"))
        .unwrap();
    house
}

fn via(name: &str) -> ServiceInstanceEdit {
    ServiceInstanceEdit {
        connector_instance: Some(Some(instance(name))),
        ..ServiceInstanceEdit::default()
    }
}

fn goes(house: &House, route: Route) -> String {
    house.router.resolve(&ws(), &route).unwrap().instance.to_string()
}

#[tokio::test]
async fn a_service_instance_follows_the_default_or_its_own_choice_and_a_forced_one_comes_first() {
    let house = house().await;
    let (follower, chooser) = (service_instance("follower"), service_instance("chooser"));
    let create = |name, edit| house.router.create_service_instance(&who(), &ws(), name, edit).unwrap();
    create(&follower, ServiceInstanceEdit::default());
    create(&chooser, via("two"));
    let routes = |house: &House| {
        [
            goes(house, Route::Default),
            goes(house, Route::Service(follower.clone())),
            goes(house, Route::Service(chooser.clone())),
        ]
    };
    assert_eq!(routes(&house), ["one", "one", "two"]);
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("three"))
        .unwrap();
    assert_eq!(routes(&house), ["three", "three", "two"]);
    house
        .router
        .force(&who(), &ws(), "mail", Some(&instance("one")))
        .unwrap();
    assert_eq!(routes(&house), ["one", "one", "one"]);
    let view = house.router.service_instance(&ws(), &chooser).unwrap();
    assert!(view.forced);
    assert_eq!(
        (view.connector_instance, view.uses),
        (Some(instance("two")), Some(instance("one")))
    );
    let named = house
        .router
        .resolve(&ws(), &Route::Connector(instance("two")))
        .unwrap_err();
    assert_eq!(named.code(), "service-forced");
    assert_eq!(goes(&house, Route::Connector(instance("one"))), "one");
    assert_eq!(goes(&house, Route::Notices(instance("two"))), "two");
    house.router.force(&who(), &ws(), "mail", None).unwrap();
    let view = house.router.edit_service_instance(
        &who(),
        &ws(),
        &chooser,
        ServiceInstanceEdit {
            connector_instance: Some(None),
            ..ServiceInstanceEdit::default()
        },
    );
    assert_eq!(view.unwrap().revision, 2);
    assert_eq!(routes(&house), ["three", "three", "three"]);
}

#[tokio::test]
async fn a_mail_takes_the_rules_of_its_service_instance_and_else_those_of_the_workspace() {
    let house = house().await;
    let edit = WorkspaceEdit {
        notices_through: Some(Some(instance("three"))),
        ..WorkspaceEdit::default()
    };
    house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    let plain = house.router.resolve(&ws(), &Route::Default).unwrap();
    assert_eq!(
        (plain.give_up, plain.uncertain, plain.notices_through.clone()),
        (GIVE_UP, UncertainPolicy::Hold, Some(instance("three")))
    );
    let name = service_instance("bills");
    let edit = ServiceInstanceEdit {
        uncertain: Some(UncertainPolicy::Resend),
        give_up: Some(Duration::from_secs(3_600)),
        notices_through: Some(Some(instance("two"))),
        ..ServiceInstanceEdit::default()
    };
    house
        .router
        .create_service_instance(&who(), &ws(), &name, edit)
        .unwrap();
    let own = house.router.resolve(&ws(), &Route::Service(name.clone())).unwrap();
    assert_eq!(own.service_instance, Some(name.clone()));
    assert_eq!(
        (own.give_up, own.uncertain, own.notices_through.clone()),
        (
            Duration::from_secs(3_600),
            UncertainPolicy::Resend,
            Some(instance("two"))
        )
    );
    let brief = ServiceInstanceEdit {
        give_up: Some(Duration::from_secs(59)),
        ..ServiceInstanceEdit::default()
    };
    let refused = house
        .router
        .edit_service_instance(&who(), &ws(), &name, brief)
        .unwrap_err();
    assert_eq!(refused.code(), "settings-invalid");
    let unknown = house
        .router
        .resolve(&ws(), &Route::Service(service_instance("none")))
        .unwrap_err();
    assert_eq!(unknown.code(), "service-instance-unknown");
}

#[tokio::test]
async fn an_instance_that_anything_goes_through_is_not_removed_and_all_of_it_is_named() {
    let house = house().await;
    let edit = ServiceInstanceEdit {
        notices_through: Some(Some(instance("one"))),
        ..via("one")
    };
    house
        .router
        .create_service_instance(&who(), &ws(), &service_instance("bills"), edit)
        .unwrap();
    house
        .router
        .force(&who(), &ws(), "mail", Some(&instance("one")))
        .unwrap();
    let edit = WorkspaceEdit {
        notices_through: Some(Some(instance("one"))),
        ..WorkspaceEdit::default()
    };
    house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    match house
        .router
        .remove_instance(&who(), &ws(), &instance("one"))
        .unwrap_err()
    {
        Error::Instance(InstanceError::InUse { uses, .. }) => assert_eq!(uses.len(), 5, "{uses:?}"),
        other => panic!("{other:?}"),
    }
    house.router.remove_instance(&who(), &ws(), &instance("two")).unwrap();
}

#[tokio::test]
async fn a_renamed_service_instance_keeps_its_tokens_and_a_removed_one_must_have_none() {
    let house = house().await;
    let (old, new) = (service_instance("old"), service_instance("new"));
    house
        .router
        .create_service_instance(&who(), &ws(), &old, via("two"))
        .unwrap();
    let (id, secret) = house.token("crm", Role::Send, Some("old")).unwrap();
    let view = house.router.rename_service_instance(&who(), &ws(), &old, &new).unwrap();
    assert_eq!(view.tokens, ["crm"]);
    let token = house.router.authenticate(&secret).unwrap();
    assert_eq!(token.service_instance, Some(new.clone()));
    assert_eq!(goes(&house, token.route(Route::Default).unwrap()), "two");
    for asked in [Route::Service(old.clone()), Route::Connector(instance("one"))] {
        assert_eq!(
            Error::from(token.route(asked).unwrap_err()).code(),
            "token-bound-elsewhere"
        );
    }
    let refused = house.router.remove_service_instance(&who(), &ws(), &new).unwrap_err();
    assert_eq!(refused.code(), "service-instance-has-tokens");
    house.router.revoke_token(&who(), &ws(), &id).unwrap();
    house.router.remove_service_instance(&who(), &ws(), &new).unwrap();
    assert!(house.router.service_instances(&ws()).unwrap().is_empty());
}

#[tokio::test]
async fn what_was_resolved_is_forgotten_with_every_change() {
    let house = house().await;
    let resolved = house.router.resolve(&ws(), &Route::Default).unwrap();
    assert!(std::sync::Arc::ptr_eq(
        &resolved,
        &house.router.resolve(&ws(), &Route::Default).unwrap()
    ));
    let edit = Edit {
        set: values(&[("sender", "new@example.org")]),
        ..Edit::default()
    };
    house
        .router
        .edit_instance(&who(), &ws(), &instance("one"), edit)
        .unwrap();
    let resolved = house.router.resolve(&ws(), &Route::Default).unwrap();
    assert_eq!(resolved.sender.as_deref(), Some("new@example.org"));
}

#[tokio::test]
async fn the_limits_of_an_instance_are_kept_and_bounded() {
    let house = house().await;
    let limits = |sessions, per_minute| Edit {
        limits: Some(crate::InstanceLimits { sessions, per_minute }),
        ..Edit::default()
    };
    let edit = |edit| house.router.edit_instance(&who(), &ws(), &instance("one"), edit);
    let view = edit(limits(Some(2), Some(30))).unwrap();
    assert_eq!((view.limits.sessions, view.limits.per_minute), (Some(2), Some(30)));
    for wrong in [limits(Some(0), None), limits(Some(65), None), limits(None, Some(0))] {
        assert_eq!(edit(wrong).unwrap_err().code(), "settings-invalid");
    }
    let view = edit(limits(None, None)).unwrap();
    assert!(view.limits.is_none());
}
