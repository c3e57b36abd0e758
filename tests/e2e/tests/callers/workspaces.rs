//! Two EzGED instances on one host do not know of each other.

use std::process::Command;

use serde_json::json;

use super::stand::{RECIPIENT, SENDER, Stand};

/// The status of a request with a token.
fn status(stand: &Stand, token: &str, method: &str, path: &str, body: Option<String>) -> u16 {
    let url = format!("http://{}/api/v1/{path}", stand.relais.http());
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        "-X",
        method,
    ]);
    curl.args(["-H", &format!("Authorization: Bearer {token}")]);
    if let Some(body) = body {
        curl.args(["-H", "Content-Type: application/json", "--data", &body]);
    }
    stand.calls(curl.arg(url)).parse().unwrap()
}

#[test]
fn two_workspaces_cannot_see_or_use_each_others_instances_tokens_and_deliveries() {
    let Some(mut stand) = Stand::start(&["curl"], &[]) else {
        return;
    };
    let relais = &stand.relais;
    relais.does(&["workspace", "create", "voisin"]);
    relais.does(&["connector", "enable", "relais/smtp", "--workspace", "voisin"]);
    let port = stand.postfix.port();
    relais.add_instance("secret-smtp", port, &["--workspace", "voisin"]);
    relais.does(&["service", "default", "mail", "secret-smtp", "--workspace", "voisin"]);
    let (ours, theirs) = (
        relais.token("default", "a", "admin"),
        relais.token("voisin", "b", "admin"),
    );
    let mail = json!({"from": SENDER, "to": [RECIPIENT], "subject": "x", "text": "y"}).to_string();

    assert_eq!(status(&stand, &theirs, "POST", "voisin/mails", Some(mail.clone())), 202);
    stand.take(1);
    let listed = stand.relais.does(&["delivery", "list", "--workspace", "voisin"]);
    let id = listed["deliveries"][0]["id"].as_str().unwrap().to_owned();

    // With their own token all of it is there; with ours none of it, in whichever workspace it is looked for.
    for (path, found) in [
        (format!("voisin/deliveries/{id}"), 200),
        ("voisin/instances/secret-smtp".to_owned(), 200),
        ("voisin/tokens".to_owned(), 200),
    ] {
        assert_eq!(status(&stand, &theirs, "GET", &path, None), found, "{path}");
        let refused = status(&stand, &ours, "GET", &path, None);
        assert!(matches!(refused, 403 | 404), "{path}: {refused}");
    }
    for path in [
        format!("default/deliveries/{id}"),
        "default/instances/secret-smtp".to_owned(),
    ] {
        assert_eq!(status(&stand, &ours, "GET", &path, None), 404, "{path}");
    }
    let refused = status(&stand, &ours, "POST", "voisin/mails", Some(mail.clone()));
    assert!(matches!(refused, 403 | 404), "{refused}");
    let by_name = json!({"from": SENDER, "to": [RECIPIENT], "subject": "x", "text": "y", "instance": "secret-smtp"});
    let refused = status(&stand, &ours, "POST", "default/mails", Some(by_name.to_string()));
    assert!((400..500).contains(&refused), "{refused}");
    assert!(stand.postfix.is_idle_and_empty());
}
