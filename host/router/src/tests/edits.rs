use super::*;
use crate::error::{SecretError, SecretProblem};
use crate::instances::SECRET_BYTES;

#[tokio::test]
async fn an_instance_shows_what_it_may_reach_and_which_secrets_are_saved() {
    let bench = Bench::new().await;
    let view = bench.create("smtp", with_password()).unwrap();
    assert_eq!(view.egress, ["tcp://smtp.example.org:587"]);
    assert_eq!(view.settings.port("port"), Some(587));
    assert!(!view.given.contains_key("port"));
    assert_eq!(
        view.secrets,
        BTreeMap::from([("password".to_owned(), true), ("token".to_owned(), false)])
    );
    assert!(view.credentials[0].ready);
    assert_eq!((view.revision, view.connector_version.as_str()), (1, "1.0.0"));
    assert!(view.problems.is_empty() && view.secrets_outdated_by.is_empty());
}

#[tokio::test]
async fn what_is_refused_is_named_and_nothing_is_stored() {
    let bench = Bench::new().await;
    let cases = [
        New {
            values: values(&[]),
            ..with_password()
        },
        New {
            values: values(&[("host", "smtp.example.org"), ("port", "70000")]),
            ..with_password()
        },
        New {
            values: values(&[("host", "smtp.example.org"), ("prot", "25")]),
            ..with_password()
        },
        New {
            values: values(&[("host", "h"), ("password", "in clear")]),
            secrets: secrets(&[]),
            ..with_password()
        },
        New {
            secrets: secrets(&[("host", "x")]),
            ..with_password()
        },
    ];
    let fields = ["host", "port", "prot", "password", "host"];
    for (new, field) in cases.into_iter().zip(fields) {
        let error = bench.create("smtp", new).unwrap_err();
        assert!(error.bad_input());
        match error {
            Error::Instance(InstanceError::Fields(errors)) => {
                assert_eq!(
                    errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(),
                    [field]
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let grant = New {
        grants: vec!["everything".to_owned()],
        ..with_password()
    };
    assert_eq!(bench.create("smtp", grant).unwrap_err().code(), "grant-invalid");
    let connector = New {
        connector: "relais/none".to_owned(),
        ..with_password()
    };
    assert_eq!(bench.create("smtp", connector).unwrap_err().code(), "connector-unknown");
    assert!(
        bench
            .store
            .read(|tables| tables.instances(&bench.ws))
            .unwrap()
            .is_empty()
    );
    assert!(!bench.store.read(|tables| tables.any_secret()).unwrap());
}

#[tokio::test]
async fn a_secret_is_one_line_of_bounded_length() {
    let bench = Bench::new().await;
    let long = "x".repeat(SECRET_BYTES + 1);
    let cases = [
        ("", SecretProblem::Empty),
        (long.as_str(), SecretProblem::TooLong),
        ("a\nb", SecretProblem::LineBreak),
        ("a\r", SecretProblem::LineBreak),
        ("a\0", SecretProblem::LineBreak),
    ];
    for (secret, problem) in cases {
        let new = New {
            secrets: secrets(&[("password", secret)]),
            ..with_password()
        };
        match bench.create("smtp", new).unwrap_err() {
            Error::Instance(InstanceError::Secrets(errors)) => {
                assert_eq!(
                    errors,
                    [SecretError {
                        field: "password".to_owned(),
                        problem
                    }]
                );
            }
            other => panic!("{other:?}"),
        }
    }
    let longest = "x".repeat(SECRET_BYTES);
    bench
        .create(
            "smtp",
            New {
                secrets: secrets(&[("password", &longest)]),
                ..with_password()
            },
        )
        .unwrap();
}

#[tokio::test]
async fn a_name_is_taken_once() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    assert_eq!(
        bench.create("smtp", with_password()).unwrap_err().code(),
        "instance-exists"
    );
}

#[tokio::test]
async fn an_edit_keeps_what_it_does_not_name_and_counts() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let set = values(&[("sender", "ged@example.org")]);
    let view = bench.edit("smtp", Edit { set, ..Edit::default() }).unwrap();
    assert_eq!(
        view.given,
        values(&[
            ("host", "smtp.example.org"),
            ("username", "ged"),
            ("sender", "ged@example.org")
        ])
    );
    assert_eq!(view.revision, 2);
    assert!(view.edited_at >= view.created_at);
    let view = bench
        .edit(
            "smtp",
            Edit {
                unset: vec!["sender".to_owned()],
                ..Edit::default()
            },
        )
        .unwrap();
    assert!(!view.given.contains_key("sender"));
    assert_eq!(view.revision, 3);
}

#[tokio::test]
async fn an_edit_that_contradicts_itself_or_names_no_field_is_refused() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let both = Edit {
        set: values(&[("sender", "a@b.org")]),
        unset: vec!["sender".to_owned()],
        ..Edit::default()
    };
    assert_eq!(bench.edit("smtp", both).unwrap_err().code(), "edit-contradiction");
    let both = Edit {
        secrets: secrets(&[("password", "x")]),
        forget: vec!["password".to_owned()],
        ..Edit::default()
    };
    assert_eq!(bench.edit("smtp", both).unwrap_err().code(), "edit-contradiction");
    for edit in [
        Edit {
            unset: vec!["sendr".to_owned()],
            ..Edit::default()
        },
        Edit {
            forget: vec!["passwrd".to_owned()],
            ..Edit::default()
        },
        Edit {
            forget: vec!["host".to_owned()],
            ..Edit::default()
        },
    ] {
        assert_eq!(bench.edit("smtp", edit).unwrap_err().code(), "field-unknown");
    }
    assert_eq!(bench.view("smtp").revision, 1);
}

#[tokio::test]
async fn removing_an_instance_removes_its_secrets() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    bench
        .store
        .write(|tables| uses::remove(tables, &bench.ws, &instance("smtp")))
        .unwrap();
    assert!(!bench.store.read(|tables| tables.any_secret()).unwrap());
    let again = bench
        .store
        .write(|tables| uses::remove(tables, &bench.ws, &instance("smtp")));
    assert_eq!(again.unwrap_err().code(), "instance-unknown");
}

#[tokio::test]
async fn everything_is_there_after_the_store_was_closed_and_opened() {
    let bench = Bench::new().await;
    let before = bench.create("smtp", with_password()).unwrap();
    let bench = bench.reopened().await;
    let after = bench.view("smtp");
    assert_eq!(
        (before.given, before.created_at, before.revision),
        (after.given, after.created_at, after.revision)
    );
    assert_eq!(bench.password("smtp"), "correct horse");
}

#[tokio::test]
async fn an_instance_that_does_not_fit_a_new_version_of_its_connector_says_why() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let without_username = SMTP
        .replace("id = \"username\"", "id = \"account\"")
        .replace("username = \"username\"", "username = \"account\"")
        .replace("1.0.0", "2.0.0");
    bench.install(&without_username);
    let view = bench.view("smtp");
    assert_eq!(view.problems[0].field, "username");
    assert!(view.egress.is_empty());
    let record = |bench: &Bench| {
        bench
            .store
            .read(|tables| connectors::record(tables, connectors::find(tables, "relais/smtp")?))
            .unwrap()
    };
    assert_eq!(record(&bench).review.len(), 1);
    assert_eq!(bench.session("smtp").unwrap_err().code(), "fields-invalid");
    let edit = Edit {
        unset: vec!["username".to_owned()],
        set: values(&[("account", "ged")]),
        secrets: secrets(&[("password", "again")]),
        ..Edit::default()
    };
    bench.edit("smtp", edit).unwrap();
    assert_eq!(bench.password("smtp"), "again");
    assert!(record(&bench).review.is_empty());
}

#[tokio::test]
async fn a_connector_in_use_is_not_removed_and_its_users_are_named() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let refused = bench
        .store
        .write(|tables| connectors::remove(tables, "relais/smtp"))
        .unwrap_err();
    assert_eq!(refused.code(), "connector-in-use");
    assert!(refused.to_string().contains("`default/smtp`"), "{refused}");
    bench
        .store
        .write(|tables| uses::remove(tables, &bench.ws, &instance("smtp")))
        .unwrap();
    bench
        .store
        .write(|tables| connectors::remove(tables, "relais/smtp"))
        .unwrap();
    let gone = bench
        .store
        .write(|tables| connectors::remove(tables, "relais/smtp"))
        .unwrap_err();
    assert_eq!(gone.code(), "connector-unknown");
}
