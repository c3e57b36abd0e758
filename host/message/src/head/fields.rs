//! The head of a message that was made from fields: the fields themselves, and what was drawn when it was accepted. It
//! is laid out again when it is restored.

use super::codec::{Put, Take};
use super::{INLINE, Places, RestoreError, content};
use crate::attachment::Attachment;
use crate::fields::Fields;
use crate::message::Inner;
use crate::source::Content;
use crate::text::Text;

pub(super) fn contents(inner: &Inner) -> Vec<Content> {
    let texts = [&inner.text, &inner.html].into_iter();
    let texts = texts.filter_map(given).filter(|text| text.len() > INLINE);
    let texts = texts.map(|text| Content::Bytes(text.to_owned().into()));
    texts
        .chain(inner.attachments.iter().map(|attachment| attachment.content.clone()))
        .collect()
}

fn given(text: &Option<Text>) -> Option<&str> {
    match text {
        Some(Text::Given(text)) => Some(text),
        _ => None,
    }
}

pub(super) fn put(inner: &Inner, extra: &[(String, String)], places: &mut Places<'_>, put: &mut Put) {
    let Inner {
        id,
        from,
        reply_to,
        to,
        cc,
        bcc,
        subject,
        text,
        html,
        attachments,
        ..
    } = inner;
    put.text(id);
    put.text(subject);
    put.address(from);
    for list in [reply_to, to, cc, bcc] {
        put.list(list, Put::address);
    }
    put.list(extra, |put, (name, value)| {
        put.text(name);
        put.text(value);
    });
    for text in [text, html] {
        put.maybe(given(text), |put, text| {
            let large = text.len() > INLINE;
            put.byte(large.into());
            if large {
                places.put(text.len() as u64, put);
            } else {
                put.text(text);
            }
        });
    }
    put.list(attachments, |put, attachment| {
        put.maybe(attachment.name.as_deref(), Put::text);
        put.text(&attachment.content_type);
        put.maybe(attachment.content_id.as_deref(), Put::text);
        places.put(attachment.content.size(), put);
    });
}

pub(super) fn take(take: &mut Take<'_>, body: &Content) -> Result<Inner, RestoreError> {
    let mut fields = words(take).ok_or(RestoreError::Head)?;
    fields.text = text(take, body)?;
    fields.html = text(take, body)?;
    let count = take.number().ok_or(RestoreError::Head)?;
    for _ in 0..count {
        let (name, content_type, content_id) = attachment(take).ok_or(RestoreError::Head)?;
        fields.attachments.push(Attachment {
            name,
            content_type,
            content_id,
            content: content(take, body)?,
            encoding: None,
        });
    }
    fields.lay_out().map_err(|_| RestoreError::Head)
}

/// All that stands in the head itself.
fn words(take: &mut Take<'_>) -> Option<Fields> {
    Some(Fields {
        date: take.text()?,
        boundary: take.text()?,
        id: take.text()?,
        subject: take.text()?,
        from: take.address()?,
        reply_to: take.addresses()?,
        to: take.addresses()?,
        cc: take.addresses()?,
        bcc: take.addresses()?,
        extra: take.list(|take| Some((take.text()?, take.text()?)))?,
        text: None,
        html: None,
        attachments: Vec::new(),
    })
}

fn text(take: &mut Take<'_>, body: &Content) -> Result<Option<String>, RestoreError> {
    match take.maybe(Take::byte).ok_or(RestoreError::Head)? {
        None => Ok(None),
        Some(0) => take.text().map(Some).ok_or(RestoreError::Head),
        Some(_) => {
            let bytes = content(take, body)?.load()?;
            String::from_utf8(bytes.into())
                .map(Some)
                .map_err(|_| RestoreError::Body)
        }
    }
}

fn attachment(take: &mut Take<'_>) -> Option<(Option<String>, String, Option<String>)> {
    Some((take.maybe(Take::text)?, take.text()?, take.maybe(Take::text)?))
}
