//! A saved secret beside new versions of its connector, which may ask for more, and of Relais, which may keep its record otherwise.

use super::*;
use crate::binding::Stored;
use crate::vault::Place;

/// A connector that reaches an SMTP server and a site, with a secret for each.
const TWO: &str = r#"
[[egress]]
to = "https://api.example.org"

[[credentials]]
name = "key"
kind = "bearer"
slot = "http-header"
secret = "token"
"#;

/// What a new version may ask for besides, without touching a saved secret: an account, and a way to choose it.
const ACCOUNT: &str = r#"
[[parameters]]
id = "login"
type = "choice"
label = { en = "Login" }
default = "password"
choices = [
    { value = "password", label = { en = "Password" } },
    { value = "account", label = { en = "Account" } },
]

[[parameters]]
id = "account"
type = "account"
label = { en = "Account" }
when = { login = "account" }
providers = ["google"]

[[parameters]]
id = "mailbox"
type = "email"
label = { en = "Mailbox" }
default = "ged@example.org"

[[providers]]
id = "google"
name = { en = "Google" }
authorization = "https://accounts.example.org/auth"
token = "https://accounts.example.org/token"
flows = ["authorization-code"]
scopes = ["mail"]

[[credentials]]
name = "xoauth2"
kind = "xoauth2"
slot = "smtp-auth"
username = "mailbox"
account = "account"
"#;

/// What Relais wrote for an instance of the SMTP connector before accounts: one digest of all credentials.
const BEFORE_ACCOUNTS: [(&str, &str); 6] = [
    (
        "@credentials",
        "f4cba36c8e2422959fbd69dd48cd3d7223134985f32c856020120f3f6620bd7d",
    ),
    (
        "@egress",
        "4c2321a2604d5f2ea6206e6bbe2a81f7a5eb055556c9fd2a1977c6f98d94019e",
    ),
    (
        "@grants",
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    ),
    (
        "host",
        "9f980796da19c1f6b245642f7245a005c5fe2195c1cfef48ae19c660667eebe3",
    ),
    (
        "port",
        "82a93b152b275d4c8de67c3d05c9b00e92477eeb024f117c7632cdb26fd874aa",
    ),
    (
        "username",
        "b7aabc52e901bac1aaffb20de0238d6482148ed10cc82458d1759a3cdb43e6cb",
    ),
];

fn two() -> String {
    format!("{SMTP}{TWO}")
}

/// The same connector with more, as its next version.
fn next(before: &str, more: &str) -> String {
    format!("{before}{more}").replace("1.0.0", "1.1.0")
}

/// With a choice that decides whether the password applies, as the SMTP connector gained one.
fn with_account(before: &str) -> String {
    let password = "label = { en = \"Password\" }\n";
    next(before, ACCOUNT).replacen(password, &format!("{password}when = {{ login = \"password\" }}\n"), 1)
}

fn both() -> New {
    New {
        secrets: secrets(&[("password", "correct horse"), ("token", "battery staple")]),
        ..with_password()
    }
}

/// A second use of a secret, at a place that the instance reaches already.
fn second_use(secret: &str) -> String {
    format!(
        "\n[[credentials]]\nname = \"more\"\nkind = \"header\"\nslot = \"http-header\"\nheader = \"X-Key\"\nsecret = \"{secret}\"\n"
    )
}

async fn bench(manifest: &str, new: New) -> Bench {
    let bench = Bench::new().await;
    bench.install(manifest);
    bench.create("smtp", new).unwrap();
    bench
}

impl Bench {
    /// Makes the record what an earlier version of Relais wrote, and the seals with it.
    fn as_before(&self, parts: &[(&str, &str)]) {
        let parts = parts
            .iter()
            .map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned()));
        let before = Stored::read(parts.collect());
        let opened = self.session("smtp").unwrap().secrets;
        let name = instance("smtp");
        let written = self.store.write(|tables| -> Result<(), Error> {
            let key = self.vault.to_seal(tables)?;
            for (field, secret) in &opened {
                let digest = before.digest();
                let place = Place {
                    workspace: &self.ws,
                    instance: &name,
                    field,
                    binding: &digest,
                };
                tables.put_secret(&self.ws, &name, field, &key.seal(&place, secret)?)?;
            }
            let mut row = tables.instance(&self.ws, &name)?.unwrap();
            row.binding = before.clone().parts();
            tables.put_instance(&self.ws, &name, &row)?;
            Ok(())
        });
        written.unwrap();
    }

    fn stored(&self) -> BTreeMap<String, String> {
        let found = self
            .store
            .read(|tables| instances::find(tables, &self.ws, &instance("smtp")));
        found.unwrap().binding
    }
}

#[tokio::test]
async fn a_version_that_adds_a_login_by_account_keeps_the_password() {
    let bench = bench(SMTP, with_password()).await;
    bench.install(&with_account(SMTP));
    assert_eq!(bench.password("smtp"), "correct horse");
    let view = bench.view("smtp");
    assert!(view.secrets_outdated_by.is_empty() && view.credentials[0].ready);
    // An edit of what is there for the account alone asks for nothing either, and one of the address does.
    let set = |id: &str, value: &str| Edit {
        set: values(&[(id, value)]),
        ..Edit::default()
    };
    bench.edit("smtp", set("mailbox", "accueil@example.org")).unwrap();
    assert_eq!(bench.password("smtp"), "correct horse");
    let error = bench.edit("smtp", set("host", "evil.example.net")).unwrap_err();
    assert_eq!(needed(error), (vec!["password".to_owned()], vec!["host".to_owned()]));
}

#[tokio::test]
async fn a_version_that_puts_a_saved_secret_in_one_more_header_asks_for_that_secret_alone() {
    for (secret, other) in [("password", "token"), ("token", "password")] {
        let bench = bench(&two(), both()).await;
        bench.install(&next(&two(), &second_use(secret)));
        let because = vec!["credentials".to_owned()];
        assert_eq!(
            needed(bench.session("smtp").unwrap_err()),
            (vec![secret.to_owned()], because)
        );
        let ready = |bench: &Bench| {
            let view = bench.view("smtp").credentials.into_iter();
            view.map(|credential| (credential.name, credential.ready))
                .collect::<BTreeMap<_, _>>()
        };
        assert_eq!(
            (ready(&bench)["plain"], ready(&bench)["key"]),
            (other == "password", other == "token")
        );
        // Given again, it and the one that was kept are there for the new version.
        let given = Edit {
            secrets: secrets(&[(secret, "new")]),
            ..Edit::default()
        };
        bench.edit("smtp", given).unwrap();
        let secrets = bench.session("smtp").unwrap().secrets;
        assert_eq!(secrets[secret].reveal(), "new");
        assert_ne!(secrets[other].reveal(), "new");
        assert!(ready(&bench).values().all(|ready| *ready));
        // What was given for the new version is not there for the old one, and what was kept is.
        bench.install(&two());
        assert_eq!(needed(bench.session("smtp").unwrap_err()).0, [secret]);
    }
}

#[tokio::test]
async fn the_first_use_of_a_secret_that_was_saved_for_nothing_asks_for_it() {
    let bench = bench(SMTP, both()).await;
    bench.install(&next(SMTP, "").replace("secret = \"password\"", "secret = \"token\""));
    assert_eq!(needed(bench.session("smtp").unwrap_err()).0, ["password", "token"]);
}

#[tokio::test]
async fn a_secret_that_a_version_brings_back_for_another_use_is_asked_for() {
    let bench = bench(&two(), both()).await;
    let without = two()
        .replace("id = \"token\"", "id = \"unused\"")
        .replace("secret = \"token\"", "secret = \"unused\"");
    bench.install(&without);
    assert_eq!(bench.password("smtp"), "correct horse");
    let edit = Edit {
        set: values(&[("sender", "ged@example.org")]),
        ..Edit::default()
    };
    bench.edit("smtp", edit).unwrap();
    bench.install(&two());
    assert_eq!(
        bench.session("smtp").unwrap().secrets["token"].reveal(),
        "battery staple"
    );
    bench.install(&next(&two(), &second_use("token")));
    assert_eq!(needed(bench.session("smtp").unwrap_err()).0, ["token"]);
}

#[tokio::test]
async fn an_smtp_instance_of_before_accounts_keeps_its_password_with_the_bundled_connector() {
    let bundled = include_str!("../../../../plugins/smtp/connector.toml");
    let bench = bench(bundled, with_password()).await;
    bench.as_before(&BEFORE_ACCOUNTS);
    assert_eq!(bench.password("smtp"), "correct horse");
    assert!(bench.view("smtp").secrets_outdated_by.is_empty());

    // An edit that decides nothing leaves the seal as it is.
    let edit = |set: &[(&str, &str)]| Edit {
        set: values(set),
        ..Edit::default()
    };
    bench.edit("smtp", edit(&[("sender", "ged@example.org")])).unwrap();
    assert_eq!(bench.stored().len(), BEFORE_ACCOUNTS.len());
    assert_eq!(bench.password("smtp"), "correct horse");
    for (id, value) in [
        ("host", "evil.example.net"),
        ("username", "other"),
        ("tls_name", "evil.example.net"),
    ] {
        assert_eq!(needed(bench.edit("smtp", edit(&[(id, value)])).unwrap_err()).1, [id]);
    }

    // A password that is given anew is kept in today's form.
    let given = Edit {
        secrets: secrets(&[("password", "new")]),
        ..Edit::default()
    };
    bench.edit("smtp", given).unwrap();
    assert!(bench.stored().contains_key("@credentials/password"));
    assert_eq!(bench.password("smtp"), "new");
}

#[tokio::test]
async fn a_record_of_before_accounts_does_not_let_a_new_version_use_the_password_otherwise() {
    let bundled = include_str!("../../../../plugins/smtp/connector.toml");
    let bench = bench(bundled, with_password()).await;
    bench.as_before(&BEFORE_ACCOUNTS);
    let twice = "\n[[credentials]]\nname = \"again\"\nkind = \"plain\"\nslot = \"smtp-auth\"\nusername = \"mailbox\"\nsecret = \"password\"\n";
    let other_user = bundled.replacen("username = \"username\"", "username = \"mailbox\"", 1);
    for changed in [format!("{bundled}{twice}"), other_user] {
        bench.install(&changed);
        let because = vec!["credentials".to_owned()];
        assert_eq!(
            needed(bench.session("smtp").unwrap_err()),
            (vec!["password".to_owned()], because)
        );
    }
    bench.install(bundled);
    assert_eq!(bench.password("smtp"), "correct horse");
}
