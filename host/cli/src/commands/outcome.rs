//! What became of a mail, as `relais send` tells it: handed over, kept for another attempt, refused, or unknown.

use jiff::Timestamp;
use relais_manifest::Lang;
use relais_sandbox::Kind;
use relais_server::api::delivery::{Answer as Told, Delivery, Recipient};
use relais_server::texts::failure;
use serde_json::{Value, json};

use super::delivery_view;
use crate::exit::Status;
use crate::fault::Fault;
use crate::output::{Answer, Sheet, plain};
use crate::texts::{pick, send as say};

/// The detail of an attempt in which an SMTP connector keeps the code of the last reply.
const REPLY: &str = "reply";
/// The details in which the host keeps the remote's own id, and its words.
const ID: &str = "id";
const TEXT: &str = "text";

/// The answer where the mail left for somebody, or a daemon still has it; else the fault.
pub fn answer(lang: Lang, one: &Delivery, daemon: bool) -> Result<Answer, Fault> {
    let any = |state: &str| one.recipients.iter().any(|recipient| recipient.state == state);
    if any("uncertain") {
        return Err(fault(lang, one, "uncertain", Status::Failed));
    }
    if any("deferred") || (!daemon && (any("queued") || any("sending"))) {
        return Err(fault(lang, one, "deferred", Status::TryAgain));
    }
    if any("queued") || any("sending") {
        let mut sheet = Sheet::new(lang);
        sheet.line(&say::accepted(lang, &one.id));
        return Ok(Answer::done(sheet, as_json(one, false)));
    }
    if any("sent") {
        return Ok(Answer::done(sheet(lang, one), as_json(one, true)));
    }
    Err(fault(lang, one, "failed", Status::Failed))
}

fn sheet(lang: Lang, one: &Delivery) -> Sheet {
    let mut pairs = vec![
        (say::HANDED_OVER.get(lang), said(one)),
        (say::INSTANCE_LABEL.get(lang), one.instance.clone()),
        (say::DELIVERY.get(lang), one.id.clone()),
        ("Message-ID", one.message_id.clone()),
    ];
    if let Some(id) = detail(one, ID) {
        pairs.push((say::SERVER_ID.get(lang), id.to_owned()));
    }
    if let Some(took) = took_ms(one) {
        pairs.push((say::TOOK.get(lang), format!("{took:.1} ms")));
    }
    let mut sheet = Sheet::new(lang);
    sheet.pairs(&pairs);
    let refused: Vec<_> = refused(one)
        .map(|recipient| {
            let words = recipient.answer.as_ref().map(delivery_view::words);
            [recipient.address.clone(), words.unwrap_or_default()]
        })
        .collect();
    if !refused.is_empty() {
        sheet.title(say::REFUSED.get(lang)).list(&refused);
    }
    sheet
}

/// Those whom the server refused, where it took the mail for others.
fn refused(one: &Delivery) -> impl Iterator<Item = &Recipient> {
    one.recipients.iter().filter(|recipient| recipient.state == "failed")
}

/// The server's words, with its code where the connector keeps it beside them.
fn said(one: &Delivery) -> String {
    failure::words(detail(one, REPLY), detail(one, TEXT).unwrap_or_default())
}

fn detail<'a>(one: &'a Delivery, name: &str) -> Option<&'a str> {
    let attempt = one.attempts.last()?;
    let detail = attempt.details.iter().find(|detail| detail.name == name)?;
    Some(&detail.value)
}

/// How long the last attempt took.
fn took_ms(one: &Delivery) -> Option<f64> {
    let attempt = one.attempts.last()?;
    let (began, ended): (Timestamp, Timestamp) = (attempt.began_at.parse().ok()?, attempt.ended_at.parse().ok()?);
    Some(ended.duration_since(began).as_secs_f64() * 1000.0)
}

fn as_json(one: &Delivery, sent: bool) -> Value {
    let details = one.attempts.last().into_iter().flat_map(|attempt| &attempt.details);
    let details = details.filter(|detail| detail.name != ID && detail.name != TEXT);
    let refusal = |recipient: &Recipient| {
        let answer = recipient.answer.as_ref();
        json!({
            "recipient": recipient.address,
            "code": answer.and_then(|answer| answer.code.as_ref()),
            "text": answer.map(|answer| &answer.text),
        })
    };
    json!({
        "sent": sent,
        "delivery": one.id,
        "state": one.state,
        "instance": one.instance,
        "message_id": one.message_id,
        "id": detail(one, ID),
        "text": detail(one, TEXT),
        "refused": refused(one).map(refusal).collect::<Vec<_>>(),
        "details": details.collect::<Vec<_>>(),
        "send_ms": took_ms(one),
    })
}

/// What happened, the remote's own words, and what to do.
fn fault(lang: Lang, one: &Delivery, state: &str, status: Status) -> Fault {
    let told = told(one, state);
    let kind = match (&told, state) {
        (_, "uncertain") => Kind::UnknownOutcome,
        (Some(told), _) => Kind::read(&told.kind),
        (None, _) => Kind::Other,
    };
    let colon = pick(lang, " :", ":");
    let code = told.as_ref().and_then(|told| told.code.as_deref());
    let (in_words, next) = failure::kind_and_next(kind, code);
    let mut lines = vec![format!(
        "{}{colon} {}.",
        say::not_confirmed(lang, &one.instance),
        in_words.get(lang)
    )];
    if let Some(told) = &told {
        let words = failure::words(told.code.as_deref(), &told.text);
        if !words.is_empty() {
            lines.push(format!("{}{colon} {words}", pick(lang, "Réponse", "Answer")));
        }
    }
    for detail in one.attempts.last().into_iter().flat_map(|attempt| &attempt.details) {
        lines.push(format!("{}{colon} {}", plain(&detail.name), plain(&detail.value)));
    }
    lines.push(match status {
        Status::TryAgain => say::kept(lang, &one.id),
        _ => format!("{}{colon} {}", say::DELIVERY.get(lang), one.id),
    });
    lines.push(format!(
        "{}{colon} {}",
        pick(lang, "À faire", "What to do"),
        next.get(lang)
    ));
    let told = told.as_ref();
    let facts = [
        ("delivery", json!(one.id)),
        ("state", json!(one.state)),
        ("kind", json!(kind.word())),
        ("remote_code", json!(told.and_then(|told| told.code.as_ref()))),
        ("text", json!(told.map(|told| &told.text))),
        ("details", json!(one.attempts.last().map(|attempt| &attempt.details))),
        ("next", json!(next.get(lang))),
        ("instance", json!(one.instance)),
        ("message_id", json!(one.message_id)),
        ("may_have_left", json!(kind == Kind::UnknownOutcome)),
        ("due_at", json!(one.due_at)),
    ];
    Fault {
        more: facts.into_iter().map(|(name, value)| (name.into(), value)).collect(),
        ..Fault::new(status, kind.word(), lines.join("\n"))
    }
}

/// Why the first recipient of that state is in it.
fn told(one: &Delivery, state: &str) -> Option<Told> {
    let of_recipient = one
        .recipients
        .iter()
        .filter(|recipient| recipient.state == state)
        .find_map(|recipient| recipient.answer.clone());
    of_recipient.or_else(|| one.attempts.last()?.answer.clone())
}
