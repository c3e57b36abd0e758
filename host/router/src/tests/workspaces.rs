use std::time::Duration;

use super::admin::*;
use super::*;
use crate::alerts::Alerts;
use crate::error::WorkspaceError;
use crate::outbox::{Change, Retention};
use crate::store::{Reading, StoreError};
use crate::workspaces::WorkspaceEdit;

#[tokio::test]
async fn the_default_workspace_is_always_there_and_stays() {
    let house = House::new().await;
    let names = |house: &House| {
        let views = house.router.workspaces().unwrap().into_iter();
        views.map(|view| view.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&house), ["default"]);
    let refused = house.router.remove_workspace(&who(), &ws()).unwrap_err();
    assert_eq!(refused.code(), "workspace-default");
    assert_eq!(names(&house.reopened().await), ["default"]);
}

#[tokio::test]
async fn what_is_set_of_a_workspace_is_kept_and_what_is_not_named_stays() {
    let house = House::new().await;
    house.create("smtp");
    let (mairie, day) = (workspace("mairie"), Duration::from_secs(86_400));
    let edit = WorkspaceEdit {
        title: Some("Mairie d'Été".to_owned()),
        contact: Some(Some("Secrétariat <s@mairie.example>".to_owned())),
        sent_body: Some(Some(day)),
        ..WorkspaceEdit::default()
    };
    house.router.create_workspace(&who(), &mairie, edit).unwrap();
    let edit = WorkspaceEdit {
        journal: Some(Some(7 * day)),
        ..WorkspaceEdit::default()
    };
    house.router.edit_workspace(&who(), &mairie, edit).unwrap();
    let house = house.reopened().await;
    let view = house.router.workspace_view(&mairie).unwrap();
    assert_eq!(view.title, "Mairie d'Été");
    assert_eq!(view.contact.as_deref(), Some("Secrétariat <s@mairie.example>"));
    let host = Retention::default();
    assert_eq!(
        view.retention,
        Retention {
            sent_body: day,
            journal: 7 * day,
            ..host
        }
    );
    assert_eq!((view.failed_body, view.instances), (None, 0));
    assert!(view.connectors.is_empty());
    let through = WorkspaceEdit {
        notices_through: Some(Some(instance("smtp"))),
        ..WorkspaceEdit::default()
    };
    // It lives in another workspace.
    let refused = house.router.edit_workspace(&who(), &mairie, through).unwrap_err();
    assert_eq!(refused.code(), "instance-unknown");
}

#[tokio::test]
async fn every_setting_that_is_wrong_is_named() {
    let house = House::new().await;
    let edit = WorkspaceEdit {
        title: Some("one\ntwo".to_owned()),
        contact: Some(Some("nobody".to_owned())),
        failed_body: Some(Some(Duration::from_secs(4_000 * 86_400))),
        journal: Some(Some(Duration::ZERO)),
        ..WorkspaceEdit::default()
    };
    let error = house.router.edit_workspace(&who(), &ws(), edit).unwrap_err();
    match &error {
        Error::Settings(errors) => {
            let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
            assert_eq!(fields, ["title", "contact", "failed-body", "journal"]);
        }
        other => panic!("{other:?}"),
    }
    assert!(
        error
            .to_string()
            .contains("journal: give a duration from 1 day to 3650 days."),
        "{error}"
    );
    assert_eq!(house.router.workspace_view(&ws()).unwrap().contact, None);
}

#[tokio::test]
async fn a_name_is_taken_once_and_an_unknown_workspace_is_refused_everywhere() {
    let house = House::new().await;
    let (other, name) = (workspace("other"), instance("smtp"));
    let codes = [
        house.router.instances(&other).unwrap_err().code(),
        house.router.instance(&other, &name).unwrap_err().code(),
        house.router.services(&other).unwrap_err().code(),
        house.router.service_instances(&other).unwrap_err().code(),
        house.router.tokens(&other).unwrap_err().code(),
        house.router.enabled_connectors(&other).unwrap_err().code(),
        house.router.workspace_view(&other).unwrap_err().code(),
        house.router.audit(Some(&other), None, 1).unwrap_err().code(),
        house
            .router
            .set_default(&who(), &other, "mail", &name)
            .unwrap_err()
            .code(),
        house.router.force(&who(), &other, "mail", None).unwrap_err().code(),
        house.router.remove_workspace(&who(), &other).unwrap_err().code(),
        house
            .router
            .enable_connector(&who(), &other, "relais/smtp")
            .unwrap_err()
            .code(),
        house.router.open_session(&other, &name).await.unwrap_err().code(),
    ];
    assert_eq!(codes, ["workspace-unknown"; 13]);
    house
        .router
        .create_workspace(&who(), &other, WorkspaceEdit::default())
        .unwrap();
    let again = house.router.create_workspace(&who(), &other, WorkspaceEdit::default());
    assert_eq!(again.unwrap_err().code(), "workspace-exists");
}

#[tokio::test]
async fn a_connector_that_is_not_enabled_is_of_no_use_and_disabling_keeps_its_instances() {
    let house = House::new().await;
    let other = workspace("other");
    house
        .router
        .create_workspace(&who(), &other, WorkspaceEdit::default())
        .unwrap();
    let create = || {
        house
            .router
            .create_instance(&who(), &other, &instance("smtp"), with_password())
    };
    let refused = create().unwrap_err();
    assert_eq!((refused.code(), refused.bad_input()), ("connector-not-enabled", false));
    assert!(house.router.enable_connector(&who(), &other, "relais/smtp").unwrap());
    assert!(!house.router.enable_connector(&who(), &other, "relais/smtp").unwrap());
    create().unwrap();
    house
        .router
        .set_default(&who(), &other, "mail", &instance("smtp"))
        .unwrap();
    house.router.resolve(&other, &crate::Route::Default).unwrap();

    assert!(house.router.disable_connector(&who(), &other, "relais/smtp").unwrap());
    assert!(!house.router.instance(&other, &instance("smtp")).unwrap().enabled);
    let refused = [
        house.router.resolve(&other, &crate::Route::Default).unwrap_err().code(),
        house
            .router
            .open_session(&other, &instance("smtp"))
            .await
            .unwrap_err()
            .code(),
        house
            .router
            .set_default(&who(), &other, "mail", &instance("smtp"))
            .unwrap_err()
            .code(),
    ];
    assert_eq!(refused, ["connector-not-enabled"; 3]);
    let unknown = house
        .router
        .enable_connector(&who(), &other, "relais/none")
        .unwrap_err();
    assert_eq!(unknown.code(), "connector-unknown");
}

#[tokio::test]
async fn a_workspace_is_removed_with_its_tokens_and_not_before_it_is_empty() {
    let house = House::new().await;
    let other = workspace("other");
    house
        .router
        .create_workspace(&who(), &other, WorkspaceEdit::default())
        .unwrap();
    house.router.enable_connector(&who(), &other, "relais/smtp").unwrap();
    house
        .router
        .create_instance(&who(), &other, &instance("smtp"), with_password())
        .unwrap();
    let token = crate::NewToken {
        name: crate::TokenName::new("crm").unwrap(),
        role: crate::Role::Admin,
        service_instance: None,
        expires_at: None,
    };
    let (_, secret) = house.router.create_token(&who(), &other, token).unwrap();
    assert!(house.router.authenticate(secret.reveal()).is_some());
    let remove = || house.router.remove_workspace(&who(), &other).unwrap_err().code();
    assert_eq!(remove(), "workspace-holds-instances");

    let id = house.accept(&other, "smtp", 10).await;
    let pending = house
        .router
        .remove_instance(&who(), &other, &instance("smtp"))
        .unwrap_err();
    assert_eq!(pending.code(), "instance-has-deliveries");
    let cancel = Change::Cancel {
        now: jiff::Timestamp::now().into(),
    };
    house.router.book().change(id, cancel).await.unwrap().unwrap();
    house.router.remove_instance(&who(), &other, &instance("smtp")).unwrap();
    house.router.remove_workspace(&who(), &other).unwrap();
    assert!(house.router.authenticate(secret.reveal()).is_none());
    assert_eq!(house.router.tokens(&other).unwrap_err().code(), "workspace-unknown");
    // Whoever is given that name next must not read what the other one sent.
    match house.router.create_workspace(&who(), &other, WorkspaceEdit::default()) {
        Err(Error::Workspace(WorkspaceError::Remembered(name))) => assert_eq!(name, other),
        wrong => panic!("{wrong:?}"),
    }
}

#[tokio::test]
async fn an_alert_goes_through_the_named_instance_else_the_default_and_it_is_seen_where_none_can() {
    let house = House::new().await;
    for name in ["smtp", "other", "third"] {
        house.create(name);
    }
    let alerts = || house.router.workspace_view(&ws()).unwrap().alerts;
    let through = |name| Alerts::Through(instance(name));
    let edit = |edit| house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("smtp"))
        .unwrap();
    assert_eq!(alerts(), Alerts::NoContact);
    house.router.clear_default(&who(), &ws(), "mail").unwrap();
    edit(WorkspaceEdit {
        contact: Some(Some("s@mairie.example".to_owned())),
        ..WorkspaceEdit::default()
    });
    assert_eq!(alerts(), Alerts::NoInstance);
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("smtp"))
        .unwrap();
    assert_eq!(alerts(), through("smtp"));
    house
        .router
        .force(&who(), &ws(), "mail", Some(&instance("other")))
        .unwrap();
    assert_eq!(alerts(), through("other"));
    edit(WorkspaceEdit {
        notices_through: Some(Some(instance("third"))),
        ..WorkspaceEdit::default()
    });
    assert_eq!(alerts(), through("third"));
}

#[tokio::test]
async fn a_workspace_decides_how_long_its_bodies_are_kept() {
    let house = House::new().await;
    house.create("smtp");
    let edit = WorkspaceEdit {
        failed_body: Some(Some(Duration::ZERO)),
        ..WorkspaceEdit::default()
    };
    house.router.edit_workspace(&who(), &ws(), edit).unwrap();
    let id = house.accept(&ws(), "smtp", 10).await;
    let cancel = Change::Cancel {
        now: jiff::Timestamp::now().into(),
    };
    house.router.book().change(id, cancel).await.unwrap().unwrap();
    assert!(house.router.book().message(id).unwrap().is_none());
}

#[tokio::test]
async fn a_data_folder_from_before_there_were_workspaces_opens_and_goes_on() {
    let house = House::new().await;
    house.create("smtp");
    house
        .router
        .set_default(&who(), &ws(), "mail", &instance("smtp"))
        .unwrap();
    house.install(&SMTP.replace("relais/smtp", "relais/unused"));
    // As the first version left it: none of the tables of administration, and instances without limits.
    let store = &house.router.store;
    let row = store
        .read(|tables: &Reading| tables.instance(&ws(), &instance("smtp")))
        .unwrap();
    let old = serde_json::to_value(row.unwrap()).unwrap();
    assert!(old.get("limits").is_none() && old.get("lost").is_none(), "{old}");
    store.forget_administration();
    let house = house.reopened().await;
    assert_eq!(house.router.enabled_connectors(&ws()).unwrap(), ["relais/smtp"]);
    assert!(house.router.audit(None, None, 10).unwrap().is_empty());
    let resolved = house.router.resolve(&ws(), &crate::Route::Default).unwrap();
    assert_eq!(resolved.instance, instance("smtp"));
    let secret: Result<_, StoreError> = house.router.store.read(|tables| tables.any_secret());
    assert!(secret.unwrap());
}
