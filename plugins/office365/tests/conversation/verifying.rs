//! `verify`: what an administrator reads.

use relais_office365::settings::{Access, Account, Sender};
use relais_office365::verify::verify;
use relais_sdk::{Failure, Findings};

use crate::script::{Script, error, own};

const LOOK: &str = "GET /mailFolders/drafts?$select=id,displayName";
const FOLDER: &str = r#"{"id":"x","displayName":"Brouillons"}"#;

fn account(flow: &str, granted: Option<&str>) -> Account {
    let list = if flow == "client-credentials" {
        "roles"
    } else {
        "scopes"
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut described = vec![pair("flow", flow), pair("tenant", "72f988bf")];
    if flow != "client-credentials" {
        described.push(pair("username", "marie@mairie.example"));
    }
    described.extend(granted.map(|granted| pair(list, granted)));
    Account::of(&described)
}

fn verified(script: Script, account: &Account, sender: &Sender) -> Result<Findings, Failure> {
    let mut graph = script.play();
    let verified = verify(&mut graph, account, sender);
    graph.world.is_over();
    verified
}

fn found<'a>(findings: &'a Findings, name: &str) -> &'a str {
    let found = findings.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value)
}

#[test]
fn it_says_who_sends_from_where_and_by_which_right() {
    let granted = "Mail.Send Mail.ReadWrite Mail.Send.Shared Mail.ReadWrite.Shared openid";
    let account = account("device-code", Some(granted));
    let findings = verified(Script::new().answer(LOOK, 200, FOLDER), &account, &own()).unwrap();
    assert_eq!(found(&findings, "account"), "marie@mairie.example");
    assert_eq!(found(&findings, "tenant"), "72f988bf");
    assert_eq!(found(&findings, "mailbox"), "marie@mairie.example");
    assert_eq!(
        found(&findings, "permissions-granted"),
        "Mail.Send, Mail.ReadWrite, Mail.Send.Shared, Mail.ReadWrite.Shared, openid"
    );
    assert_eq!(found(&findings, "limits"), "");
    assert_eq!(found(&findings, "permissions-missing"), "none");
    assert_eq!(found(&findings, "reached"), "yes, the folder “Brouillons”");
}

#[test]
fn without_the_right_to_send_nothing_is_asked() {
    let failure = verified(Script::new(), &account("device-code", Some("Mail.ReadWrite")), &own()).unwrap_err();
    assert_eq!(failure.kind, "configuration");
    assert!(failure.text.contains("Mail.Send was not granted"), "{}", failure.text);
}

#[test]
fn without_the_right_to_drafts_large_mails_are_out() {
    let script = Script::new().answer(LOOK, 403, &error("ErrorAccessDenied"));
    let findings = verified(script, &account("device-code", Some("Mail.Send")), &own()).unwrap();
    assert_eq!(found(&findings, "permissions-missing"), "Mail.ReadWrite");
    let limits = found(&findings, "limits");
    assert!(limits.contains("3 MB") && limits.contains("unknown"), "{limits}");
    assert!(limits.contains("Mail.Send.Shared") && limits.ends_with("associate the account again"));
    assert!(found(&findings, "reached").starts_with("the token is accepted"));
}

#[test]
fn a_shared_mailbox_wants_other_rights_than_ones_own() {
    let shared = Sender {
        mailbox: Some("accueil@mairie.example".to_owned()),
        access: Access::Shared,
        ..own()
    };
    let granted = Some("Mail.Send Mail.ReadWrite");
    let failure = verified(Script::new(), &account("device-code", granted), &shared).unwrap_err();
    assert!(failure.text.contains("Mail.Send.Shared"), "{}", failure.text);
}

#[test]
fn a_mailbox_that_is_not_there_is_a_failure_in_microsofts_words() {
    let script = Script::new().answer(LOOK, 404, &error("MailboxNotEnabledForRESTAPI"));
    let sender = Sender {
        access: Access::Application,
        ..own()
    };
    let failure = verified(
        script,
        &account("client-credentials", Some("Mail.Send,Mail.ReadWrite")),
        &sender,
    )
    .unwrap_err();
    assert_eq!(failure.kind, "configuration");
    assert!(failure.text.contains("Exchange Online") && failure.text.contains("Words of Microsoft's."));
}

#[test]
fn an_answer_that_is_not_graphs_is_not_taken_for_one() {
    let script = Script::new().answer(LOOK, 200, "<html>Sign in to the guest network</html>");
    let failure = verified(script, &account("device-code", None), &own()).unwrap_err();
    assert_eq!(failure.kind, "unreachable");
}

#[test]
fn what_was_not_asked_for_is_not_missing_and_is_a_limit() {
    let script = Script::new().answer(LOOK, 403, &error("ErrorAccessDenied"));
    let sender = Sender {
        may_draft: false,
        ..own()
    };
    let findings = verified(script, &account("device-code", Some("Mail.Send")), &sender).unwrap();
    assert_eq!(found(&findings, "permissions-missing"), "none");
    let limits = found(&findings, "limits");
    assert!(
        limits.contains("3 MB")
            && limits.ends_with("to lift this, set `rights` to `full`, and associate the account again"),
        "{limits}"
    );
}
