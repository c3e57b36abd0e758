//! `relais send`: one mail, and the server's words about it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use relais_manifest::Lang;
use relais_message::{Draft, DraftAttachment, Limits, Reason, Source};
use relais_router::Sent;
use serde_json::{Value, json};

use super::{instance_name, words};
use crate::fault::Fault;
use crate::given::Inputs;
use crate::output::{Answer, Sheet, named_values};
use crate::site::Site;
use crate::texts::{failure::words as words_of, pick, send as say};

/// The detail of a receipt in which an SMTP connector keeps the code of the last reply.
const REPLY: &str = "reply";

pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    let lang = site.lang;
    let draft = draft(lang, matches)?;
    let via = matches
        .get_one::<String>("via")
        .map(|name| instance_name(site, name))
        .transpose()?;
    let sent = site
        .router()
        .await
        .map_err(try_again_if_busy)?
        .send(&site.workspace, draft, via.as_ref())
        .await;
    let sent = sent.map_err(|error| Fault::send(lang, &error))?;
    Ok(Answer::done(sheet(lang, &sent), as_json(&sent)))
}

/// Nothing was sent while another program held the data folder.
fn try_again_if_busy(fault: Fault) -> Fault {
    match fault.code {
        "data-busy" => Fault {
            status: crate::exit::Status::TryAgain,
            ..fault
        },
        _ => fault,
    }
}

fn draft(lang: Lang, matches: &ArgMatches) -> Result<Draft, Fault> {
    let list = |id: &str| -> Vec<String> { words(matches, id).cloned().collect() };
    let one = |id: &str| matches.get_one::<String>(id);
    let (to, cc, bcc) = (list("to"), list("cc"), list("bcc"));
    // Before anything is read or opened.
    if to.is_empty() && cc.is_empty() && bcc.is_empty() {
        let reason = Reason::NoRecipients.text(pick(lang, "fr", "en"));
        return Err(Fault::field(lang, "to", "message-invalid", reason));
    }
    let most = Limits::default().text_bytes;
    let mut inputs = Inputs::new(lang);
    let mut body = |id: &str| one(id).map(|given| inputs.text(id, given, most)).transpose();
    Ok(Draft {
        from: one("from").cloned(),
        sender: None,
        to,
        cc,
        bcc,
        reply_to: list("reply-to"),
        subject: one("subject").cloned().unwrap_or_default(),
        text: body("text")?,
        html: body("html")?,
        headers: Vec::new(),
        attachments: matches
            .get_many::<PathBuf>("attach")
            .into_iter()
            .flatten()
            .map(|path| attachment(path))
            .collect(),
    })
}

fn attachment(path: &Path) -> DraftAttachment {
    DraftAttachment {
        name: path.file_name().map(|name| name.to_string_lossy().into_owned()),
        content_type: None,
        content_id: None,
        source: Source::File {
            path: path.to_path_buf(),
        },
    }
}

fn sheet(lang: Lang, sent: &Sent) -> Sheet {
    let mut pairs = vec![
        (say::HANDED_OVER.get(lang), answer(sent)),
        (say::INSTANCE_LABEL.get(lang), sent.instance.to_string()),
        ("Message-ID", sent.message.id().to_owned()),
    ];
    if let Some(id) = &sent.receipt.id {
        pairs.push((say::SERVER_ID.get(lang), id.clone()));
    }
    let times = format!(
        "{} {:.1} ms, {} {:.1} ms",
        say::OPENED.get(lang),
        milliseconds(sent.opened_in),
        say::SENDING.get(lang),
        milliseconds(sent.took)
    );
    pairs.push((say::TIMES.get(lang), times));
    let mut sheet = Sheet::new(lang);
    sheet.pairs(&pairs);
    if !sent.receipt.refused.is_empty() {
        let row = |refusal: &relais_sandbox::Refusal| {
            [
                refusal.recipient.clone(),
                refusal.code.clone().unwrap_or_default(),
                refusal.text.clone(),
            ]
        };
        sheet
            .title(say::REFUSED.get(lang))
            .list(&sent.receipt.refused.iter().map(row).collect::<Vec<_>>());
    }
    sheet
}

/// The server's words, with its code where the connector keeps it beside them.
fn answer(sent: &Sent) -> String {
    let code = sent
        .receipt
        .details
        .iter()
        .find(|(name, _)| name == REPLY)
        .map(|(_, code)| code.as_str());
    words_of(code, &sent.receipt.text)
}

fn as_json(sent: &Sent) -> Value {
    let refused = |refusal: &relais_sandbox::Refusal| json!({ "recipient": refusal.recipient, "code": refusal.code, "text": refusal.text });
    json!({
        "sent": true,
        "instance": sent.instance,
        "message_id": sent.message.id(),
        "id": sent.receipt.id,
        "text": sent.receipt.text,
        "refused": sent.receipt.refused.iter().map(refused).collect::<Vec<_>>(),
        "details": named_values(&sent.receipt.details),
        "open_ms": milliseconds(sent.opened_in),
        "send_ms": milliseconds(sent.took),
    })
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::args;

    fn given(arguments: &[&str]) -> Result<Draft, Fault> {
        let matches = args::command(Lang::En)
            .try_get_matches_from([&["relais", "send"], arguments].concat())
            .unwrap();
        let (_, send) = matches.subcommand().unwrap();
        draft(Lang::En, send)
    }

    #[test]
    fn every_field_reaches_the_draft() {
        let draft = given(&[
            "--to",
            "a@x",
            "b@x",
            "--to",
            "c@x",
            "--cc",
            "d@x",
            "--bcc",
            "e@x",
            "--from",
            "f@x",
            "--reply-to",
            "g@x",
            "--subject",
            "Été",
            "--text",
            "@@t",
            "--html",
            "<p>",
            "--attach",
            "/tmp/é.pdf",
            "b.txt",
        ])
        .unwrap();
        assert_eq!(draft.to, ["a@x", "b@x", "c@x"]);
        assert_eq!(
            (draft.cc, draft.bcc, draft.reply_to),
            (vec!["d@x".into()], vec!["e@x".into()], vec!["g@x".into()])
        );
        assert_eq!((draft.from, draft.subject), (Some("f@x".into()), "Été".to_owned()));
        assert_eq!((draft.text, draft.html), (Some("@t".into()), Some("<p>".into())));
        let names: Vec<_> = draft
            .attachments
            .iter()
            .map(|attachment| attachment.name.as_deref())
            .collect();
        assert_eq!(names, [Some("é.pdf"), Some("b.txt")]);
    }

    #[test]
    fn an_empty_recipient_list_is_refused_by_the_name_of_its_field() {
        let fault = given(&["--subject", "x"]).unwrap_err();
        assert!(fault.message.starts_with("to: "), "{}", fault.message);
        assert_eq!(fault.status.number(), 2);
    }
}
