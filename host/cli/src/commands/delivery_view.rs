//! A delivery as it is shown: its recipients, each with the server's words, and its attempts.

use relais_manifest::Lang;
use relais_server::api::delivery::{Answer, Attempt, Delivery, Recipient};
use relais_server::texts::failure;

use super::time;
use crate::output::Sheet;
use crate::texts::{connector, delivery as say, send};

/// For people.
pub fn sheet(lang: Lang, sheet: &mut Sheet, one: &Delivery) {
    let mut pairs = vec![
        (say::LABEL.get(lang), one.id.clone()),
        (say::STATE_LABEL.get(lang), say::state(lang, &one.state)),
        (send::INSTANCE_LABEL.get(lang), one.instance.clone()),
    ];
    if let Some(service_instance) = &one.service_instance {
        pairs.push((say::SERVICE_INSTANCE_LABEL.get(lang), service_instance.clone()));
    }
    let sender = one.sender.clone();
    pairs.extend([
        ("Message-ID", one.message_id.clone()),
        (
            say::SENDER.get(lang),
            sender.unwrap_or_else(|| say::NO_SENDER.get(lang).to_owned()),
        ),
        (say::SIZE.get(lang), connector::bytes(lang, one.size)),
        (say::ACCEPTED.get(lang), time(&one.accepted_at)),
    ]);
    if !one.content_kept {
        pairs.push((say::CONTENT.get(lang), say::BODY_GONE.get(lang).to_owned()));
    }
    if let Some(due) = &one.due_at {
        pairs.push((say::DUE.get(lang), time(due)));
        pairs.push((say::GIVE_UP.get(lang), time(&one.give_up_at)));
    }
    if let Some(ended) = &one.ended_at {
        pairs.push((say::ENDED.get(lang), time(ended)));
    }
    sheet.pairs(&pairs);
    let rows: Vec<_> = one.recipients.iter().map(|one| recipient(lang, one)).collect();
    sheet.title(say::RECIPIENTS.get(lang)).list(&rows);
    if !one.attempts.is_empty() {
        sheet.title(say::ATTEMPTS.get(lang));
        for attempt in &one.attempts {
            attempt_lines(lang, sheet, attempt);
        }
    }
}

fn recipient(lang: Lang, one: &Recipient) -> [String; 3] {
    let answer = one.answer.as_ref().map(words).unwrap_or_default();
    [one.address.clone(), say::state(lang, &one.state), answer]
}

fn attempt_lines(lang: Lang, sheet: &mut Sheet, one: &Attempt) {
    let answer = one.answer.as_ref().map(words).unwrap_or_default();
    let details = one
        .details
        .iter()
        .map(|detail| [format!("{}: {}", detail.name, detail.value), String::new()]);
    let differing = one.recipients.iter().map(|one| {
        let [address, state, answer] = recipient(lang, one);
        [address, format!("{state} {answer}")]
    });
    sheet.list(&[[time(&one.began_at), answer]]);
    let rows: Vec<_> = details.chain(differing).map(|[a, b]| [format!("  {a}"), b]).collect();
    sheet.list(&rows);
}

/// The remote's own words, with its code once.
pub fn words(answer: &Answer) -> String {
    let said = failure::words(answer.code.as_deref(), &answer.text);
    if said.is_empty() { answer.kind.clone() } else { said }
}
