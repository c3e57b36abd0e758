//! What Graph answers (`api-reference/v1.0` of its documentation).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Answer, empty, error, timestamp, value};
use super::mail::{self, Sent, Unfit};
use super::serve::Asked;
use super::{Shared, upload};

/// The error of a message that is not there, or not any more.
const GONE: &str = "ErrorItemNotFound";

pub(super) fn answer(shared: &Shared, asked: &Asked) -> Answer {
    let path: Vec<&str> = asked.path.split('/').skip(1).collect();
    let (mailbox, rest) = match path.as_slice() {
        ["v1.0", "me", rest @ ..] => match &shared.directory.user {
            Some(user) => (user.clone(), rest),
            // Application permissions have no user.
            None => return error(400, "BadRequest"),
        },
        ["v1.0", "users", user, rest @ ..] => match reached(shared, user) {
            Ok(mailbox) => (mailbox, rest),
            Err((status, code)) => return error(status, code),
        },
        _ => return error(404, "UnknownError"),
    };
    let method = asked.method.as_str();
    let sends = matches!((method, rest), ("POST", ["sendMail"] | ["messages", _, "send"]));
    if !sends && !shared.directory.may_read {
        return error(403, "ErrorAccessDenied");
    }
    match (method, rest) {
        ("POST", ["sendMail"]) => send_mail(shared, asked, &mailbox),
        ("POST", ["messages"]) => create(shared, asked, &mailbox),
        ("GET", ["mailFolders", "sentitems", "messages"]) => list(shared, asked, &mailbox),
        ("GET", ["messages", id]) => get(shared, asked, &mailbox, id),
        ("DELETE", ["messages", id]) => match shared.state().delete(&mailbox, id) {
            true => empty(204),
            false => error(404, GONE),
        },
        ("POST", ["messages", id, "attachments"]) => attach(shared, asked, &mailbox, id),
        ("POST", ["messages", id, "attachments", "createUploadSession"]) => upload::open(shared, asked, &mailbox, id),
        ("POST", ["messages", id, "send"]) => send(shared, &mailbox, id),
        ("GET", ["mailFolders", folder @ ("drafts" | "sentitems")]) => {
            value(200, &json!({ "id": format!("AAMk-{folder}"), "displayName": folder }))
        }
        _ => error(400, "BadRequest"),
    }
}

/// The mailbox of a path `/users/{id}`, where the account has access to it.
fn reached(shared: &Shared, user: &str) -> Result<String, (u16, &'static str)> {
    let directory = &shared.directory;
    let among = |list: &[String]| list.iter().any(|known| known.eq_ignore_ascii_case(user));
    if !among(&directory.mailboxes) {
        return Err((404, "ErrorInvalidUser"));
    }
    let own = directory
        .user
        .as_deref()
        .is_none_or(|own| own.eq_ignore_ascii_case(user));
    match own || among(&directory.full_access) {
        true => Ok(user.to_lowercase()),
        false => Err((403, "ErrorAccessDenied")),
    }
}

/// Whether a message may go: who it is from, and whom it is for.
fn admit(shared: &Shared, mail: &Sent) -> Result<(), Unfit> {
    let directory = &shared.directory;
    let is = |known: &String| known.eq_ignore_ascii_case(&mail.from);
    let own = directory.user.as_ref().is_none_or(is);
    // An application sends as whom it likes, out of that one's mailbox.
    let application = directory.user.is_none() && !mail.from.eq_ignore_ascii_case(&mail.mailbox);
    if !(own || directory.send_as.iter().any(is)) || application {
        return Err(Unfit("ErrorSendAsDenied"));
    }
    let recipients = mail.recipients();
    let valid = |email: &String| email.split_once('@').is_some_and(|(_, domain)| domain.contains('.'));
    if recipients.is_empty() || !recipients.iter().all(valid) {
        return Err(Unfit("ErrorInvalidRecipients"));
    }
    Ok(())
}

fn unfit(unfit: Unfit) -> Answer {
    let status = if unfit.0 == "ErrorSendAsDenied" { 403 } else { 400 };
    error(status, unfit.0)
}

fn send_mail(shared: &Shared, asked: &Asked, mailbox: &str) -> Answer {
    let read = match asked.content_type.split(';').next().unwrap_or_default() {
        "text/plain" => match STANDARD.decode(&asked.body) {
            Ok(mime) => mail::of_mime(mailbox, mime),
            Err(_) => Err(Unfit("ErrorMimeContentInvalidBase64String")),
        },
        "application/json" => json_of(asked).and_then(|mut json| {
            let kept = json["saveToSentItems"].as_bool().unwrap_or(true);
            let sent = mail::of_json(mailbox, json["message"].take())?;
            Ok(Sent { kept, ..sent })
        }),
        _ => Err(Unfit("BadRequest")),
    };
    let admitted = read.and_then(|mail| admit(shared, &mail).map(|()| mail));
    match admitted {
        Ok(mail) => {
            let mut state = shared.state();
            let id = state.draft(mail).id(true);
            state.accept(mailbox, &id);
            empty(202)
        }
        Err(why) => unfit(why),
    }
}

fn create(shared: &Shared, asked: &Asked, mailbox: &str) -> Answer {
    let written = json_of(asked).and_then(|json| {
        let mail = mail::of_json(mailbox, json.clone())?;
        Ok((json, mail))
    });
    match written {
        Ok((mut json, mail)) => {
            let mut state = shared.state();
            let item = state.draft(mail);
            // Graph answers with the message as it is now, its attachments left out.
            if let Some(message) = json.as_object_mut() {
                message.remove("attachments");
                message.remove("singleValueExtendedProperties");
                message.remove("internetMessageHeaders");
                message.insert("id".to_owned(), item.id(asked.immutable_ids).into());
                message.insert("isDraft".to_owned(), true.into());
            }
            value(201, &json)
        }
        Err(why) => unfit(why),
    }
}

fn json_of(asked: &Asked) -> Result<Value, Unfit> {
    serde_json::from_slice(&asked.body).map_err(|_| Unfit("BadRequest"))
}

fn get(shared: &Shared, asked: &Asked, mailbox: &str, id: &str) -> Answer {
    match shared.state().find(mailbox, id) {
        Some(item) => value(
            200,
            &json!({ "id": item.id(asked.immutable_ids), "isDraft": item.is_draft() }),
        ),
        None => error(404, GONE),
    }
}

/// By Message-ID, which is all that is asked for.
fn list(shared: &Shared, asked: &Asked, mailbox: &str) -> Answer {
    let filter = asked.query.split('&').find_map(|pair| pair.strip_prefix("$filter="));
    let wanted = filter.and_then(|filter| filter.strip_prefix("internetMessageId eq '<")?.strip_suffix(">'"));
    let Some(wanted) = wanted else {
        return error(400, "BadRequest");
    };
    let wanted = wanted.replace("''", "'");
    let mut state = shared.state();
    let found = state.sent_items(mailbox, &wanted).into_iter();
    let items: Vec<Value> = found
        .map(|item| json!({ "id": item.id(asked.immutable_ids), "createdDateTime": timestamp(item.created) }))
        .collect();
    value(200, &json!({ "value": items }))
}

fn attach(shared: &Shared, asked: &Asked, mailbox: &str, id: &str) -> Answer {
    let file = json_of(asked).and_then(|json| mail::file_of(&json));
    let mut state = shared.state();
    match file {
        Err(why) => unfit(why),
        Ok(_) if state.find_draft(mailbox, id).is_none() => error(404, GONE),
        Ok(file) => {
            let name = file.0.clone();
            match state.attach(mailbox, id, file) {
                true => value(
                    201,
                    &json!({ "@odata.type": "#microsoft.graph.fileAttachment", "id": "AAMk-A=", "name": name }),
                ),
                false => error(400, "ErrorMessageSizeExceeded"),
            }
        }
    }
}

fn send(shared: &Shared, mailbox: &str, id: &str) -> Answer {
    let mail = shared.state().find_draft(mailbox, id).map(|item| item.mail.clone());
    match mail {
        None => error(404, GONE),
        Some(mail) => match admit(shared, &mail) {
            Ok(()) => {
                shared.state().accept(mailbox, id);
                empty(202)
            }
            Err(why) => unfit(why),
        },
    }
}
