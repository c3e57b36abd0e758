//! Accounts and applications on the command line, with a small OAuth server on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use relais_manifest::{Manifest, embed};
use serde_json::{Value, json};

use crate::support::{Place, stderr, stdout};

const MANIFEST: &str = r#"
manifest-version = 1
id = "acme/graph"
version = "1.0.0"
name = { en = "Graph" }

[services.mail]

[[parameters]]
id = "authority"
type = "url"
label = { en = "Authority" }
required = true

[[parameters]]
id = "account"
type = "account"
label = { fr = "Compte", en = "Account" }
providers = ["microsoft"]

[[egress]]
to = "https://graph.example.org"

[[credentials]]
name = "bearer"
kind = "bearer"
slot = "http-header"
account = "account"

[[providers]]
id = "microsoft"
name = { en = "Microsoft 365" }
authorization = "{authority}/authorize"
token = "{authority}/token"
device = "{authority}/devicecode"
flows = ["device-code", "authorization-code"]
scopes = ["offline_access", "Mail.Send", "Mail.ReadWrite"]
optional-scopes = ["Mail.ReadWrite"]
registration = { fr = "Inscrivez {redirect}.", en = "Register {redirect}." }
"#;

/// Answers the first poll with `authorization_pending`, and everything else with what it asks for.
fn provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, asked) = (stream.unwrap(), asked.clone());
            thread::spawn(move || answer(stream, &asked));
        }
    });
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, asked: &AtomicUsize) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&request).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
                break;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.extend_from_slice(&piece[..count]),
        }
    }
    let device = request.starts_with(b"POST /devicecode");
    let (status, body) = match (device, asked.fetch_add(1, Ordering::SeqCst)) {
        (true, _) => (
            "200 OK",
            json!({"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": "http://127.0.0.1/device",
                "expires_in": 900, "interval": 1}),
        ),
        (false, 1) => ("400 Bad Request", json!({"error": "authorization_pending"})),
        (false, _) => (
            "200 OK",
            json!({"token_type": "Bearer", "access_token": "access-token", "refresh_token": "refresh-token",
                "expires_in": 3600, "scope": "Mail.Send"}),
        ),
    };
    let body = body.to_string();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

/// With an instance `graph` whose account comes from such a server.
fn place() -> Place {
    let place = Place::empty();
    let manifest = Manifest::from_toml(MANIFEST).unwrap();
    let file = place.file("graph.wasm", &embed::pack(relais_bundle::SMTP, &manifest).unwrap());
    place.json(&["connector", "install", &file]);
    let authority = format!("authority={}", provider());
    let create = [
        "instance",
        "create",
        "graph",
        "--connector",
        "acme/graph",
        "--grant",
        "auth-in-clear",
        "--set",
    ];
    place.json(&[&create[..], &[&authority]].concat());
    place
}

#[test]
fn an_account_is_associated_by_its_code_and_shown() {
    let place = place();
    let (code, refused) = place.refused(&["account", "associate", "graph"]);
    assert_eq!((code, &refused["error"]["code"]), (1, &json!("application-missing")));
    let text = refused["error"]["message"].as_str().unwrap();
    assert!(text.contains("Register http://localhost/oauth/callback."), "{text}");
    place.json(&["application", "set", "microsoft", "--client-id", "app"]);
    let run = place.french(&["account", "associate", "graph"]);
    let text = stdout(&run);
    assert_eq!(run.status.code(), Some(0), "{text}{}", stderr(&run));
    for shown in [
        "http://127.0.0.1/device",
        "ABCD-EFGH",
        "Le compte est associé.",
        "associé",
        "Mail.Send",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    assert!(!text.contains("access-token") && !text.contains("refresh-token"));
    let status = place.json(&["account", "status", "graph"]);
    assert_eq!(status["accounts"][0]["state"], "associated");
    assert_eq!(status["accounts"][0]["missing"], json!(["Mail.ReadWrite"]));
    let said = |run| {
        let text = stdout(&run);
        let line = text.lines().find(|line| line.contains("Mail.ReadWrite"));
        line.unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let status = ["account", "status", "graph"];
    assert_eq!(said(place.run(&status)), "Rights not granted: Mail.ReadWrite");
    assert_eq!(said(place.french(&status)), "Droits non accordés : Mail.ReadWrite");
    let shown = stdout(&place.french(&["instance", "show", "graph"]));
    assert!(shown.contains("Comptes") && shown.contains("associé"), "{shown}");
    assert_eq!(place.json(&["account", "renew", "graph"])["client_id"], "app");
    let gone = place.json(&["account", "dissociate", "graph"]);
    assert_eq!(
        (&gone["dissociated"], &gone["revocation"]),
        (&json!("account"), &json!("not-offered"))
    );
    let (code, refused) = place.refused(&["account", "renew", "graph"]);
    assert_eq!((code, &refused["error"]["code"]), (1, &json!("account-none")));
    let journal = stdout(&place.run(&["audit", "list"]));
    for word in [
        "account-associate",
        "account-renew",
        "account-dissociate",
        "account-revoke",
        "application-set",
    ] {
        assert!(journal.contains(word), "{word} in {journal}");
    }
}

#[test]
fn for_programs_each_state_is_an_object_on_a_line_of_its_own() {
    let place = place();
    place.json(&["application", "set", "microsoft", "--client-id", "app"]);
    let run = place.run(&["account", "associate", "graph", "--json"]);
    let lines: Vec<Value> = stdout(&run)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{}", stdout(&run));
    assert_eq!(
        (&lines[0]["state"], &lines[0]["user_code"]),
        (&json!("pending"), &json!("ABCD-EFGH"))
    );
    assert_eq!(lines[1]["state"], "associated");
}

#[test]
fn a_page_that_comes_back_to_nobody_is_pasted() {
    let place = place();
    place.json(&["application", "set", "microsoft", "--client-id", "app"]);
    let by_page = ["account", "associate", "graph", "--flow", "authorization-code"];
    // Nobody is there to paste anything.
    let (code, text) = {
        let run = place.with_stdin(&by_page, "");
        (run.status.code(), format!("{}{}", stdout(&run), stderr(&run)))
    };
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("/authorize?") && text.contains("given up"), "{text}");
    let run = place.with_stdin(&by_page, "http://localhost/oauth/callback?code=x&state=wrong\n");
    assert!(
        stderr(&run).contains("this is not where the provider sent the browser"),
        "{}",
        stderr(&run)
    );
}

#[test]
fn an_applications_secret_comes_from_a_file_and_never_from_the_command_line() {
    let place = place();
    let set = ["application", "set", "microsoft", "--client-id", "app"];
    let (code, refused) = place.refused(&[&set[..], &["--secret", "Hunter2"]].concat());
    assert_eq!((code, &refused["error"]["code"]), (2, &json!("secret-on-command-line")));
    assert!(!refused.to_string().contains("Hunter2"));
    let secret = format!("@{}", place.file("secret", b"Hunter2\n"));
    // No connector names a fixed address, so it has to be said where the secret may go.
    let (_, refused) = place.refused(&[&set[..], &["--secret", &secret]].concat());
    assert_eq!(refused["error"]["code"], "origins-needed");
    let origin = ["--secret", &secret, "--origin", "https://login.example.org"];
    let made = place.json(&[&set[..], &origin].concat());
    assert_eq!(
        (&made["proof"], &made["origins"]),
        (&json!("secret"), &json!(["https://login.example.org"]))
    );
    let listed = stdout(&place.french(&["application", "list"]));
    assert!(
        listed.contains("microsoft") && listed.contains("secret") && !listed.contains("Hunter2"),
        "{listed}"
    );
    place.json(&["application", "remove", "microsoft"]);
    assert!(stdout(&place.run(&["application", "list"])).contains("no application"));
}

#[test]
fn a_workspace_allows_flows_and_providers_on_the_command_line() {
    let place = place();
    place.json(&["application", "set", "microsoft", "--client-id", "app"]);
    let edit = |flows: &str| place.json(&["workspace", "edit", "default", "--account-flows", flows]);
    assert_eq!(
        edit("client-credentials")["account_flows"],
        json!(["client-credentials"])
    );
    let (code, refused) = place.refused(&["account", "associate", "graph"]);
    assert_eq!((code, &refused["error"]["code"]), (1, &json!("account-forbidden")));
    assert_eq!(edit("none")["account_flows"], json!([]));
    assert_eq!(edit("")["account_flows"], json!(null));
    let edited = place.json(&[
        "workspace",
        "edit",
        "default",
        "--account-providers",
        "google, microsoft",
    ]);
    assert_eq!(edited["account_providers"], json!(["google", "microsoft"]));
}
