//! A site whose only way out is a proxy: a real one, with names that only it resolves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::time::{Duration, Instant};

use relais_catcher::{Account, Catcher, Options, Tls};
use relais_e2e::Tinyproxy;
use relais_e2e::daemon::Daemon;
use serde_json::{Value, json};

/// A server that nobody but the proxy finds.
const FAR: &str = "smtp.partner.example";
const SOON: Duration = Duration::from_secs(90);
/// Of the proxy.
const PASSWORD: &str = "Pr0xy-Hunter2";

/// A server behind the proxy, with a certificate for its name that an authority of the site's own signed.
async fn far_server() -> Catcher {
    let options = Options {
        tls: Tls::StartTls,
        certificate_names: vec![FAR.to_owned()],
        auth: Some(Account {
            username: "ged".to_owned(),
            password: "Hunter2".to_owned(),
        }),
        ..Options::default()
    };
    Catcher::start(options).await.unwrap()
}

/// A daemon of which the default instance is the server behind the proxy, and `smtp` a server of this machine.
fn site(far: &Catcher, near: &Catcher, options: &[&str]) -> Daemon {
    let relais = Daemon::prepare(near.port());
    let file = |name: &str, text: &str| {
        fs::write(relais.path(name), text).unwrap();
        relais.path(name).display().to_string()
    };
    let ca = file("ca.pem", far.ca_pem().unwrap());
    let password = format!("password=@{}", file("password", "Hunter2"));
    let (host, port) = (format!("host={FAR}"), format!("port={}", far.port()));
    let create = ["instance", "create", "far", "--connector", "relais/smtp"];
    let set = [
        "--set",
        &host,
        "--set",
        &port,
        "--set",
        "username=ged",
        "--secret",
        &password,
    ];
    relais.does(&[&create[..], &set].concat());
    relais.does(&["service", "default", "mail", "far"]);
    let mut relais = relais.with(&["--ca-file", &ca, "--first-retry", "1"]).with(options);
    relais = relais.with_variable("RELAIS_LOG", "trace");
    relais.serve();
    relais
}

fn accept(relais: &Daemon, token: &str, instance: Option<&str>) -> String {
    let mut mail = json!({
        "from": "ged@mairie.example", "to": ["zoe@partner.example"], "subject": "Par le proxy", "text": "Bonjour",
    });
    if let Some(instance) = instance {
        mail["instance"] = json!(instance);
    }
    let answer = relais.post("/api/v1/default/mails", token, &mail);
    assert_eq!(answer.status, 202, "{}", answer.body);
    answer.body["id"].as_str().unwrap().to_owned()
}

async fn becomes(relais: &Daemon, id: &str, state: &str) -> Value {
    let begun = Instant::now();
    loop {
        let delivery = relais.does(&["delivery", "show", id]);
        if delivery["state"] == state {
            return delivery;
        }
        assert!(begun.elapsed() < SOON, "not {state}: {delivery}\n{}", relais.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_leaves_through_a_proxy_that_alone_resolves_its_server_and_what_is_near_goes_direct() {
    let Some(proxy) = Tinyproxy::start(&[FAR]) else { return };
    let far = far_server().await;
    let near = Catcher::start(Options::default()).await.unwrap();
    let mut relais = site(&far, &near, &["--proxy", &proxy.url()]);
    let token = relais.token("default", "test", "admin");
    for _ in 0..2 {
        becomes(&relais, &accept(&relais, &token, None), "sent").await;
    }
    becomes(&relais, &accept(&relais, &token, Some("smtp")), "sent").await;
    assert_eq!((far.count(), near.count()), (2, 1));
    // One session for two mails, and nothing of what is near.
    assert_eq!(proxy.asked(), [format!("{FAR}:{}", far.port())], "{}", proxy.log());
    let found = relais.does(&["instance", "verify", "far"]);
    assert!(found.to_string().contains(&proxy.url()), "{found}");
    // A command that opens the data folder itself takes the same options.
    relais.kill();
    let ca = relais.path("ca.pem").display().to_string();
    let url = proxy.url();
    let found = relais.does(&["instance", "verify", "far", "--proxy", &url, "--ca-file", &ca]);
    assert!(found.to_string().contains(&url), "{found}");
    assert!(
        relais.log().contains("connections leave through the proxy"),
        "{}",
        relais.log()
    );
}

/// What is said of a delivery that waits for whoever runs the host, and of which no attempt counts.
async fn waits(relais: &Daemon, id: &str) -> Value {
    let begun = Instant::now();
    loop {
        let delivery = relais.does(&["delivery", "show", id]);
        let answer = &delivery["recipients"][0]["answer"];
        if !answer.is_null() {
            assert_eq!(
                (&delivery["state"], &delivery["tried"]),
                (&json!("queued"), &json!(0)),
                "{delivery}"
            );
            assert_eq!(answer["kind"], "configuration", "{delivery}");
            return answer.clone();
        }
        assert!(begun.elapsed() < SOON, "{delivery}\n{}", relais.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_allow_the_port_is_named_and_mail_waits_without_an_attempt() {
    let far = far_server().await;
    let near = Catcher::start(Options::default()).await.unwrap();
    let Some(proxy) = Tinyproxy::with_port(&[FAR], 443) else {
        return;
    };
    let url = proxy.url();
    let relais = site(&far, &near, &["--proxy", &url]);
    let token = relais.token("default", "test", "admin");
    let answer = waits(&relais, &accept(&relais, &token, None)).await;
    assert_eq!(answer["code"], "proxy 403");
    let text = answer["text"].as_str().unwrap();
    assert!(
        text.contains(&url) && text.contains("does not allow this destination or port"),
        "{text}"
    );
    // What needs no proxy leaves meanwhile.
    becomes(&relais, &accept(&relais, &token, Some("smtp")), "sent").await;
    assert_eq!((far.count(), near.count()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_wants_a_login_is_given_it_and_its_refusal_is_told_in_words() {
    let Some(proxy) = Tinyproxy::with_login(&[FAR], "relais", PASSWORD) else {
        return;
    };
    let far = far_server().await;
    let near = Catcher::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let wrong = file("wrong", "relais:wrong\n");
    let right = file("right", &format!("relais:{PASSWORD}\n"));
    let url = proxy.url();
    for (credentials, words) in [
        (None, "give --proxy-credentials-file"),
        (Some(&wrong), "correct --proxy-credentials-file"),
    ] {
        let mut options = vec!["--proxy", &url];
        if let Some(file) = credentials {
            options.extend(["--proxy-credentials-file", file]);
        }
        let relais = site(&far, &near, &options);
        let token = relais.token("default", "test", "admin");
        let answer = waits(&relais, &accept(&relais, &token, None)).await;
        let text = answer["text"].as_str().unwrap();
        assert!(text.contains(words) && text.contains(&url), "{text}");
        assert!(
            relais
                .log()
                .contains("the outgoing proxy lets nothing of the instance out"),
            "{}",
            relais.log()
        );
    }
    assert_eq!(far.count(), 0);
    let options = ["--proxy", &url, "--proxy-credentials-file", &right];
    let relais = site(&far, &near, &options);
    let token = relais.token("default", "test", "admin");
    becomes(&relais, &accept(&relais, &token, None), "sent").await;
    assert_eq!(far.count(), 1);
    // `relais:Pr0xy-Hunter2`, from its fourth letter on, in base64.
    for secret in [PASSWORD, "YWlzOlByMHh5LUh1bnRlcjI"] {
        assert!(!relais.log().contains(secret), "{}", relais.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_not_followed_and_the_daemon_says_so() {
    let Some(proxy) = Tinyproxy::start(&[FAR]) else { return };
    let far = far_server().await;
    let near = Catcher::start(Options::default()).await.unwrap();
    let relais = site(&far, &near, &[]);
    let token = relais.token("default", "test", "admin");
    let delivery = becomes(&relais, &accept(&relais, &token, None), "deferred").await;
    assert!(delivery.to_string().contains(FAR), "{delivery}");
    drop(relais);
    let mut relais = Daemon::prepare(near.port()).with_variable("https_proxy", &proxy.url());
    relais.serve();
    let token = relais.token("default", "test", "admin");
    becomes(&relais, &accept(&relais, &token, None), "sent").await;
    let log = relais.log();
    assert!(
        log.contains("connections leave directly") && log.contains("https_proxy"),
        "{log}"
    );
    assert!(!log.contains(&proxy.url()), "{log}");
    assert_eq!(proxy.asked(), [""; 0]);
}
