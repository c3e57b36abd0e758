//! A message as Graph's JSON: `message` of `sendMail`, or a draft.
//!
//! The threat: somebody receives who should not, or does not who should. The three lists of recipients are the envelope and
//! nothing else: who stands in To or Cc of the header is shown there, whoever else the envelope has is in Bcc.
//!
//! What JSON cannot say is lost, and told: Graph takes at most five header fields of its sender, whose names begin with `X-`.
//! In-Reply-To, References and List-Unsubscribe go as the properties in which Exchange keeps them (MS-OXPROPS:
//! PidTagInReplyToId, PidTagInternetReferences, PidTagListUnsubscribe).

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::wire::{Address, Header, Letter};

/// Header fields that Graph takes.
const OWN_HEADERS: usize = 5;

/// Header fields that Exchange keeps as properties of the message.
const PROPERTIES: [(&str, &str); 3] = [
    ("in-reply-to", "String 0x1042"),
    ("references", "String 0x1039"),
    ("list-unsubscribe", "String 0x1045"),
];

/// PidTagDeleteAfterSubmit (MS-OXOMSG section 2.2.3.8): no copy is kept. `send` of a draft has no switch for it.
const NO_COPY: (&str, &str) = ("Boolean 0x0E01", "true");

/// Header fields that the other members of the message say, or that say what every message is.
const SAID_ELSEWHERE: [&str; 15] = [
    "from",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "importance",
    "x-priority",
    "disposition-notification-to",
];

/// A message without its attachments.
#[derive(Debug)]
pub struct Draft {
    pub message: Map<String, Value>,
    /// The names of header fields that are lost.
    pub lost: Vec<String>,
}

/// Writes the message. `keep_copy` is what a draft says of it; `sendMail` says it beside the message.
pub fn draft(letter: &impl Letter, keep_copy: bool) -> Draft {
    let headers = letter.headers();
    let mut message = Map::new();
    message.insert("subject".to_owned(), letter.subject().into());
    message.insert("body".to_owned(), body(letter.html(), letter.text()));
    message.insert("from".to_owned(), recipient(&letter.from()));
    for (name, list) in recipients(&letter.to(), &letter.cc(), &letter.recipients()) {
        message.insert(name.to_owned(), list);
    }
    let reply_to = letter.reply_to();
    if !reply_to.is_empty() {
        message.insert("replyTo".to_owned(), reply_to.iter().map(recipient).collect());
    }
    message.insert("internetMessageId".to_owned(), format!("<{}>", letter.id()).into());
    if let Some(importance) = importance(&headers) {
        message.insert("importance".to_owned(), importance.into());
    }
    if find(&headers, "disposition-notification-to").is_some() {
        message.insert("isReadReceiptRequested".to_owned(), true.into());
    }
    let mut properties: Vec<Value> = PROPERTIES
        .iter()
        .filter_map(|(name, id)| Some(json!({ "id": id, "value": find(&headers, name)? })))
        .collect();
    if !keep_copy {
        let (id, value) = NO_COPY;
        properties.push(json!({ "id": id, "value": value }));
    }
    if !properties.is_empty() {
        message.insert("singleValueExtendedProperties".to_owned(), properties.into());
    }
    let (own, lost) = others(&headers);
    // An empty collection is refused.
    if !own.is_empty() {
        message.insert("internetMessageHeaders".to_owned(), own.into());
    }
    Draft { message, lost }
}

/// Exchange makes the plain text of an HTML itself.
fn body(html: Option<String>, text: Option<String>) -> Value {
    match (html, text) {
        (Some(html), _) => json!({ "contentType": "html", "content": html }),
        (None, text) => json!({ "contentType": "text", "content": text.unwrap_or_default() }),
    }
}

fn recipient(address: &Address) -> Value {
    match address.name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => json!({ "emailAddress": { "name": name, "address": address.email } }),
        None => json!({ "emailAddress": { "address": address.email } }),
    }
}

/// To, Cc and Bcc, which are the envelope, each recipient once.
fn recipients(to: &[Address], cc: &[Address], envelope: &[String]) -> [(&'static str, Value); 3] {
    let mut left: BTreeSet<String> = envelope.iter().map(|email| key(email)).collect();
    let mut shown = |list: &[Address]| -> Value {
        let shown = list.iter().filter(|address| left.remove(&key(&address.email)));
        shown.map(recipient).collect()
    };
    let (to, cc) = (shown(to), shown(cc));
    let hidden = envelope.iter().filter(|email| left.remove(&key(email)));
    let bcc = hidden
        .map(|email| json!({ "emailAddress": { "address": email } }))
        .collect();
    [("toRecipients", to), ("ccRecipients", cc), ("bccRecipients", bcc)]
}

/// What tells recipients apart: a domain does not tell capitals apart, what stands before it may (RFC 5321 section 2.4).
fn key(email: &str) -> String {
    match email.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => email.to_owned(),
    }
}

/// RFC 4021 section 2.1.54 and what mail programs write beside it.
fn importance(headers: &[Header]) -> Option<&'static str> {
    let value = find(headers, "importance")
        .or_else(|| find(headers, "x-priority"))?
        .to_lowercase();
    match value.trim().split([' ', '(']).next() {
        Some("high" | "1" | "2") => Some("high"),
        Some("low" | "4" | "5") => Some("low"),
        _ => None,
    }
}

/// The header fields that Graph takes as they are, and the names of those that it does not.
fn others(headers: &[Header]) -> (Vec<Value>, Vec<String>) {
    let (mut own, mut lost) = (Vec::new(), Vec::new());
    for header in headers {
        let name = header.name.to_lowercase();
        let said = SAID_ELSEWHERE.contains(&name.as_str()) || PROPERTIES.iter().any(|(known, _)| *known == name);
        if said {
            continue;
        }
        if name.starts_with("x-") && own.len() < OWN_HEADERS && !header.value.trim().is_empty() {
            own.push(json!({ "name": header.name, "value": header.value }));
        } else {
            lost.push(header.name.clone());
        }
    }
    (own, lost)
}

fn find<'a>(headers: &'a [Header], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    found
        .map(|header| header.value.trim())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn address(email: &str) -> Address {
        Address {
            name: Some(format!("Name of {email}")),
            email: email.to_owned(),
        }
    }

    fn emails(list: &Value) -> Vec<String> {
        let email = |recipient: &Value| recipient["emailAddress"]["address"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(email).collect()
    }

    fn headers(pairs: &[(&str, &str)]) -> Vec<Header> {
        let header = |(name, value): &(&str, &str)| Header {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        pairs.iter().map(header).collect()
    }

    #[test]
    fn the_three_lists_are_the_envelope_and_nobody_else() {
        let envelope = ["b@x", "hidden@y", "c@X", "b@x"].map(str::to_owned);
        let [to, cc, bcc] = recipients(
            &[address("a@x"), address("b@X")],
            &[address("c@x"), address("b@x")],
            &envelope,
        );
        assert_eq!(emails(&to.1), ["b@X"]);
        assert_eq!(to.1[0]["emailAddress"]["name"], "Name of b@X");
        assert_eq!(emails(&cc.1), ["c@x"]);
        assert_eq!(emails(&bcc.1), ["hidden@y"]);
    }

    #[test]
    fn a_recipient_that_no_header_shows_is_in_bcc_alone() {
        let [to, cc, bcc] = recipients(&[], &[], &["a@x".to_owned()]);
        assert_eq!(
            (emails(&to.1).len(), emails(&cc.1).len(), emails(&bcc.1)),
            (0, 0, vec!["a@x".to_owned()])
        );
    }

    #[test]
    fn five_fields_of_the_senders_own_go_and_the_rest_is_told() {
        let many = headers(&[
            ("Subject", "s"),
            ("In-Reply-To", "<a@b>"),
            ("Auto-Submitted", "auto-generated"),
            ("X-One", "1"),
            ("X-Empty", " "),
            ("x-two", "2"),
            ("X-3", "3"),
            ("X-4", "4"),
            ("X-5", "5"),
            ("X-6", "6"),
        ]);
        let (own, lost) = others(&many);
        assert_eq!(own.len(), 5);
        assert_eq!(own[1], json!({ "name": "x-two", "value": "2" }));
        assert_eq!(lost, ["Auto-Submitted", "X-Empty", "X-6"]);
    }

    #[test]
    fn importance_is_read_in_each_of_its_spellings() {
        for (name, value, expected) in [
            ("Importance", "High", Some("high")),
            ("importance", "normal", None),
            ("X-Priority", "1 (Highest)", Some("high")),
            ("X-Priority", "5", Some("low")),
            ("X-Priority", "3", None),
        ] {
            assert_eq!(importance(&headers(&[(name, value)])), expected, "{name}: {value}");
        }
    }
}
