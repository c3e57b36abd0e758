//! A saved secret is used for nothing but what it was given for.

use super::*;

#[tokio::test]
async fn an_edit_of_the_host_asks_for_the_password_again_and_stores_nothing() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let edit = || Edit {
        set: values(&[("host", "evil.example.net")]),
        ..Edit::default()
    };
    let error = bench.edit("smtp", edit()).unwrap_err();
    assert!(error.bad_input());
    assert!(
        error.to_string().contains("`password`") && error.to_string().contains("`host`"),
        "{error}"
    );
    assert_eq!(needed(error), (vec!["password".to_owned()], vec!["host".to_owned()]));
    assert_eq!(bench.view("smtp").egress, ["tcp://smtp.example.org:587"]);
    assert_eq!(bench.view("smtp").revision, 1);
    assert_eq!(bench.password("smtp"), "correct horse");

    let given = Edit {
        secrets: secrets(&[("password", "new")]),
        ..edit()
    };
    assert_eq!(
        bench.edit("smtp", given).unwrap().egress,
        ["tcp://evil.example.net:587"]
    );
    assert_eq!(bench.password("smtp"), "new");
}

#[tokio::test]
async fn every_secret_that_is_saved_has_to_be_given_again() {
    let bench = Bench::new().await;
    let both = secrets(&[("password", "one"), ("token", "two")]);
    bench
        .create(
            "smtp",
            New {
                secrets: both,
                ..with_password()
            },
        )
        .unwrap();
    let edit = || Edit {
        set: values(&[("port", "2525")]),
        secrets: secrets(&[("password", "x")]),
        ..Edit::default()
    };
    let error = bench.edit("smtp", edit()).unwrap_err();
    assert_eq!(needed(error), (vec!["token".to_owned()], vec!["port".to_owned()]));
    bench
        .edit(
            "smtp",
            Edit {
                forget: vec!["token".to_owned()],
                ..edit()
            },
        )
        .unwrap();
    assert!(!bench.view("smtp").secrets["token"]);
    assert_eq!(bench.password("smtp"), "x");
}

#[tokio::test]
async fn an_edit_that_decides_nothing_keeps_the_password() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    bench
        .edit(
            "smtp",
            Edit {
                set: values(&[("sender", "ged@example.org")]),
                ..Edit::default()
            },
        )
        .unwrap();
    // The same in another spelling, and the default said aloud.
    let same = values(&[("host", "SMTP.example.org."), ("port", "587")]);
    bench
        .edit(
            "smtp",
            Edit {
                set: same,
                ..Edit::default()
            },
        )
        .unwrap();
    assert_eq!(bench.password("smtp"), "correct horse");
}

#[tokio::test]
async fn a_change_of_the_user_or_the_grants_asks_for_the_password_again() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let user = Edit {
        set: values(&[("username", "other")]),
        ..Edit::default()
    };
    assert_eq!(needed(bench.edit("smtp", user).unwrap_err()).1, ["username"]);
    let grant = Edit {
        grants: Some(vec!["auth-in-clear".to_owned()]),
        ..Edit::default()
    };
    assert_eq!(needed(bench.edit("smtp", grant).unwrap_err()).1, ["grants"]);
    let same = Edit {
        grants: Some(Vec::new()),
        ..Edit::default()
    };
    bench.edit("smtp", same).unwrap();
}

#[tokio::test]
async fn an_instance_without_secrets_is_edited_freely() {
    let bench = Bench::new().await;
    bench
        .create(
            "smtp",
            New {
                secrets: secrets(&[]),
                ..with_password()
            },
        )
        .unwrap();
    let edit = Edit {
        set: values(&[("host", "other.example.org")]),
        ..Edit::default()
    };
    assert_eq!(
        bench.edit("smtp", edit).unwrap().egress,
        ["tcp://other.example.org:587"]
    );
}

#[tokio::test]
async fn a_version_of_the_connector_that_connects_elsewhere_does_not_get_the_password() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let elsewhere = SMTP
        .replace("tcp://{host}:{port}", "tcp://collect.example.net:25")
        .replace("1.0.0", "1.0.1");
    bench.install(&elsewhere);
    assert_eq!(needed(bench.session("smtp").unwrap_err()).0, ["password"]);
    let view = bench.view("smtp");
    assert!(!view.secrets_outdated_by.is_empty());
    assert!(!view.credentials[0].ready);
    // An edit of something else does not slip the old password through.
    let edit = Edit {
        set: values(&[("sender", "ged@example.org")]),
        ..Edit::default()
    };
    assert_eq!(needed(bench.edit("smtp", edit).unwrap_err()).0, ["password"]);
    // Back to the version that it was given for.
    bench.install(SMTP);
    assert_eq!(bench.password("smtp"), "correct horse");
}

#[tokio::test]
async fn one_more_destination_in_a_new_version_is_named_as_the_reason() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let more = format!("{SMTP}\n[[egress]]\nto = \"tcp://collect.example.net:25\"\n");
    bench.install(&more.replace("1.0.0", "1.0.1"));
    assert_eq!(
        needed(bench.session("smtp").unwrap_err()),
        (vec!["password".to_owned()], vec!["egress".to_owned()])
    );
}

#[tokio::test]
async fn a_version_of_the_connector_that_uses_the_password_otherwise_does_not_get_it() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let other = SMTP
        .replace("secret = \"password\"", "secret = \"token\"")
        .replace("1.0.0", "1.0.1");
    bench.install(&other);
    assert_eq!(needed(bench.session("smtp").unwrap_err()).1, ["credentials"]);
}

#[tokio::test]
async fn a_version_of_the_connector_with_other_words_keeps_the_password() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    bench.install(
        &SMTP
            .replace("label = { en = \"Host\" }", "label = { en = \"Server\" }")
            .replace("1.0.0", "1.1.0"),
    );
    assert_eq!(bench.password("smtp"), "correct horse");
    assert_eq!(bench.view("smtp").connector_version, "1.1.0");
}

#[tokio::test]
async fn a_host_that_is_changed_in_the_database_does_not_get_the_password() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let evil = |bench: &Bench, binding: bool| {
        bench.store.write(|tables| {
            let mut row = tables.instance(&bench.ws, &instance("smtp"))?.unwrap();
            row.given.extend(values(&[("host", "evil.example.net")]));
            if binding {
                let other = tables.instance(&bench.ws, &instance("evil"))?.unwrap();
                row.binding = other.binding;
            }
            tables.put_instance(&bench.ws, &instance("smtp"), &row)
        })
    };
    evil(&bench, false).unwrap();
    assert_eq!(needed(bench.session("smtp").unwrap_err()).0, ["password"]);
    // With the record made consistent as well, the seal still holds.
    let host = values(&[("host", "evil.example.net"), ("username", "ged")]);
    bench
        .create(
            "evil",
            New {
                values: host,
                ..with_password()
            },
        )
        .unwrap();
    evil(&bench, true).unwrap();
    assert_eq!(bench.session("smtp").unwrap_err().code(), "secret-unopened");
}
