//! The head of a message that came in as MIME: what was found in it, so that nothing is looked for again. The MIME
//! itself is the one content.

use std::ops::Range;
use std::sync::OnceLock;

use super::codec::{Put, Take};
use crate::attachment::Attachment;
use crate::frame::{Frame, Piece};
use crate::message::{Inner, Origin};
use crate::recode::{Decode, Recode};
use crate::source::Content;
use crate::text::{Encoded, Text};

pub(super) fn put(inner: &Inner, put: &mut Put) {
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
        origin,
        frame,
        headers: _,
    } = inner;
    let Origin::Mime(whole) = origin else { return };
    put.text(id);
    put.text(subject);
    put.address(from);
    for list in [reply_to, to, cc, bcc] {
        put.list(list, Put::address);
    }
    for text in [text, html] {
        let encoded = text.as_ref().and_then(|text| match text {
            Text::Encoded(encoded) => Some(encoded),
            Text::Given(_) => None,
        });
        put.maybe(encoded, |put, encoded| {
            stretch(whole, &encoded.content, put);
            encoding(encoded.encoding, put);
            put.maybe(encoded.charset.as_deref(), Put::text);
        });
    }
    put.list(attachments, |put, attachment| {
        put.maybe(attachment.name.as_deref(), Put::text);
        put.text(&attachment.content_type);
        put.maybe(attachment.content_id.as_deref(), Put::text);
        stretch(whole, &attachment.content, put);
        encoding(attachment.encoding, put);
    });
    put.list(&frame.addresses, |put, range| {
        put.number(range.start as u64);
        put.number(range.end as u64);
    });
    put.byte(frame.dotted.into());
    put.list(&frame.pieces, |put, piece| match piece {
        Piece::Text(text) => {
            put.byte(TEXT);
            put.bytes(text);
        }
        Piece::Stream { content, how, size } => {
            put.byte(code(*how));
            stretch(whole, content, put);
            put.number(*size);
        }
        // Only fields make these.
        Piece::Attachment(_) => put.byte(u8::MAX),
    });
}

/// Where a part of the whole stands in it.
fn stretch(whole: &Content, part: &Content, put: &mut Put) {
    put.number(part.offset_in(whole).unwrap_or(u64::MAX));
    put.number(part.size());
}

fn encoding(encoding: Option<(Decode, u64)>, put: &mut Put) {
    put.maybe(encoding, |put, (how, size)| {
        put.byte(match how {
            Decode::Base64 => 0,
            Decode::Quoted => 1,
        });
        put.number(size);
    });
}

const TEXT: u8 = 0;

fn code(how: Recode) -> u8 {
    match how {
        Recode::Lines => 1,
        Recode::Base64 => 2,
        Recode::Quoted { alone: false } => 3,
        Recode::Quoted { alone: true } => 4,
        Recode::Requoted { alone: false } => 5,
        Recode::Requoted { alone: true } => 6,
        Recode::Rewrapped => 7,
    }
}

fn recode(code: u8) -> Option<Recode> {
    const ALL: [Recode; 7] = [
        Recode::Lines,
        Recode::Base64,
        Recode::Quoted { alone: false },
        Recode::Quoted { alone: true },
        Recode::Requoted { alone: false },
        Recode::Requoted { alone: true },
        Recode::Rewrapped,
    ];
    ALL.into_iter().find(|how| self::code(*how) == code)
}

pub(super) fn take(take: &mut Take<'_>, whole: &Content) -> Option<Inner> {
    Some(Inner {
        id: take.text()?,
        subject: take.text()?,
        from: take.address()?,
        reply_to: take.addresses()?,
        to: take.addresses()?,
        cc: take.addresses()?,
        bcc: take.addresses()?,
        text: take.maybe(|take| text(take, whole))?,
        html: take.maybe(|take| text(take, whole))?,
        attachments: take.list(|take| attachment(take, whole))?,
        origin: Origin::Mime(whole.clone()),
        frame: frame(take, whole)?,
        headers: OnceLock::new(),
    })
}

fn text(take: &mut Take<'_>, whole: &Content) -> Option<Text> {
    Some(Text::Encoded(Box::new(Encoded {
        content: part(take, whole)?,
        encoding: take.maybe(decode)?,
        charset: take.maybe(Take::text)?,
        decoded: OnceLock::new(),
    })))
}

fn attachment(take: &mut Take<'_>, whole: &Content) -> Option<Attachment> {
    Some(Attachment {
        name: take.maybe(Take::text)?,
        content_type: take.text()?,
        content_id: take.maybe(Take::text)?,
        content: part(take, whole)?,
        encoding: take.maybe(decode)?,
    })
}

fn part(take: &mut Take<'_>, whole: &Content) -> Option<Content> {
    whole.slice(take.number()?, take.number()?)
}

fn decode(take: &mut Take<'_>) -> Option<(Decode, u64)> {
    let how = match take.byte()? {
        0 => Decode::Base64,
        1 => Decode::Quoted,
        _ => return None,
    };
    Some((how, take.number()?))
}

fn frame(take: &mut Take<'_>, whole: &Content) -> Option<Frame> {
    let addresses = take.list(range)?;
    let dotted = take.byte()? != 0;
    let pieces = take.list(|take| piece(take, whole))?;
    let Some(Piece::Text(header)) = pieces.first() else {
        return None;
    };
    // One behind the other, and within the header.
    let mut end = 0;
    for range in &addresses {
        if range.start < end || range.end < range.start || range.end > header.len() {
            return None;
        }
        end = range.end;
    }
    let size = pieces.iter().map(Piece::size).fold(0, u64::saturating_add);
    let eight_bit = pieces
        .iter()
        .any(|piece| matches!(piece, Piece::Text(text) if !text.is_ascii()));
    Some(Frame {
        addresses,
        content_fields: 0..0,
        dotted,
        eight_bit,
        size,
        pieces,
    })
}

fn range(take: &mut Take<'_>) -> Option<Range<usize>> {
    let (start, end) = (take.number()?, take.number()?);
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

fn piece(take: &mut Take<'_>, whole: &Content) -> Option<Piece> {
    match take.byte()? {
        TEXT => Some(Piece::Text(take.bytes()?.to_vec().into())),
        code => Some(Piece::Stream {
            how: recode(code)?,
            content: part(take, whole)?,
            size: take.number()?,
        }),
    }
}
