//! Secrets on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;

pub fn bytes_below(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() {
            bytes_below(&path)
        } else {
            fs::read(path).unwrap()
        });
    }
    all
}

pub fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn a_saved_secret_is_nowhere_in_the_data_folder_and_neither_is_the_key() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let key = fs::read(bench.key_file()).unwrap();
    let Bench { root, store, vault, .. } = bench;
    drop((store, vault));
    let bytes = bytes_below(&root.path().join("data"));
    assert!(holds(&bytes, "smtp.example.org"), "the search finds what is there");
    assert!(!holds(&bytes, "correct horse"));
    assert!(!bytes.windows(key.len()).any(|window| window == key));
}

#[tokio::test]
async fn the_data_folder_and_its_files_are_for_their_owner_alone() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    fn check(folder: &Path) {
        assert_eq!(
            fs::metadata(folder).unwrap().permissions().mode() & 0o777,
            0o700,
            "{folder:?}"
        );
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                check(&path);
            } else {
                assert_eq!(
                    fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                    0o600,
                    "{path:?}"
                );
            }
        }
    }
    check(bench.store.folder());
}

#[tokio::test]
async fn rows_that_are_swapped_between_fields_instances_or_workspaces_do_not_open() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    bench
        .create(
            "other",
            New {
                secrets: secrets(&[("password", "its own")]),
                ..with_password()
            },
        )
        .unwrap();
    let (ws, elsewhere) = (bench.ws.clone(), WorkspaceName::new("elsewhere").unwrap());
    bench
        .store
        .write(|tables| {
            let sealed = tables.secrets(&ws, &instance("smtp"))?["password"].clone();
            let row = tables.instance(&ws, &instance("smtp"))?.unwrap();
            tables.put_secret(&ws, &instance("other"), "password", &sealed)?;
            tables.put_secret(&ws, &instance("smtp"), "token", &sealed)?;
            tables.put_instance(&elsewhere, &instance("smtp"), &row)?;
            tables.put_secret(&elsewhere, &instance("smtp"), "password", &sealed)
        })
        .unwrap();
    assert_eq!(bench.session("other").unwrap_err().code(), "secret-unopened");
    assert!(bench.session("smtp").unwrap_err().to_string().starts_with("token:"));
    let bench = Bench { ws: elsewhere, ..bench };
    let path = InstancePath {
        workspace: bench.ws.clone(),
        name: instance("smtp"),
    };
    assert_eq!(path.to_string(), "elsewhere/smtp");
    assert_eq!(bench.session("smtp").unwrap_err().code(), "secret-unopened");
}

#[tokio::test]
async fn the_secrets_of_one_instance_are_not_those_of_the_next() {
    let bench = Bench::new().await;
    bench.create("a", with_password()).unwrap();
    bench
        .create(
            "b",
            New {
                secrets: secrets(&[("password", "of b"), ("token", "of b")]),
                ..with_password()
            },
        )
        .unwrap();
    assert_eq!(
        bench.view("a").secrets,
        BTreeMap::from([("password".to_owned(), true), ("token".to_owned(), false)])
    );
    assert_eq!(bench.password("a"), "correct horse");
    assert_eq!(bench.password("b"), "of b");
}

#[tokio::test]
async fn another_key_is_recognised_as_such_before_it_seals_or_opens_anything() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    let right = fs::read(bench.key_file()).unwrap();
    fs::write(bench.key_file(), [7; 32]).unwrap();
    let bench = bench.reopened().await;
    assert_eq!(bench.session("smtp").unwrap_err().code(), "key-wrong");
    assert_eq!(bench.create("second", with_password()).unwrap_err().code(), "key-wrong");
    fs::write(bench.key_file(), right).unwrap();
    let bench = bench.reopened().await;
    assert_eq!(bench.password("smtp"), "correct horse");
}

#[tokio::test]
async fn a_missing_key_is_named_and_not_replaced_while_secrets_wait_for_it() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    fs::remove_file(bench.key_file()).unwrap();
    let bench = bench.reopened().await;
    for error in [
        bench.session("smtp").unwrap_err(),
        bench.create("second", with_password()).unwrap_err(),
    ] {
        assert_eq!(error.code(), "key-missing");
        assert!(
            error.to_string().contains(bench.key_file().to_str().unwrap()),
            "{error}"
        );
    }
    assert!(!bench.key_file().exists());
    assert!(
        bench.view("smtp").secrets["password"],
        "what is saved can still be seen"
    );
    // Once no secret waits for the old key, a new one is made.
    bench
        .store
        .write(|tables| uses::remove(tables, &bench.ws, &instance("smtp")))
        .unwrap();
    bench.create("smtp", with_password()).unwrap();
    assert_eq!(bench.password("smtp"), "correct horse");
}

#[tokio::test]
async fn an_instance_without_secrets_needs_no_key() {
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
    bench.session("smtp").unwrap();
    assert!(!bench.key_file().exists());
}
