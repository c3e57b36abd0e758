//! A message as MIME, for one envelope.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;

use super::{Addressing, Envelope, Framing, Inner, Message};
use crate::address::{self, Address};
use crate::body::{Body, Recoding, Segment};
use crate::frame::{self, Piece};
use crate::recode::Recoder;
use crate::stuff;

impl Message {
    /// The message as MIME, from its beginning: CRLF only, no NUL, no line over 998 octets; 7-bit, but for a header in
    /// which [an address is not ASCII](Message::eight_bit).
    pub fn mime(&self, addressing: Addressing, framing: Framing) -> Body {
        let frame = &self.inner.frame;
        let stuffed = framing == Framing::DotStuffed && frame.dotted;
        let mut segments = VecDeque::with_capacity(frame.pieces.len() + 3);
        let text = |bytes: Bytes| {
            if stuffed {
                Segment::Dotted {
                    text: bytes,
                    at_line_start: true,
                }
            } else {
                Segment::Ready(bytes)
            }
        };
        let mut size = frame.size;
        let mut pieces = frame.pieces.iter();
        if let (Addressing::Envelope, Some(Piece::Text(first))) = (addressing, frame.pieces.first())
            && let Some(fields) = self.inner.other_fields(&self.envelope, first)
        {
            let written: usize = frame.addresses.iter().map(ExactSizeIterator::len).sum();
            size = size - written as u64 + fields.len() as u64;
            let mut fields = Some(fields);
            let mut from = 0;
            for place in &frame.addresses {
                segments.push_back(text(first.slice(from..place.start)));
                segments.extend(fields.take().map(Segment::Ready));
                from = place.end;
            }
            segments.push_back(text(first.slice(from..)));
            pieces.next();
        }
        for piece in pieces {
            match piece {
                Piece::Text(bytes) => segments.push_back(text(bytes.clone())),
                Piece::Attachment(index) => {
                    let attachment = self.inner.attachments.get(*index);
                    segments.extend(attachment.map(|a| Segment::Lines(a.reader())));
                }
                Piece::Stream { content, how, size } => {
                    let reader = content.reader();
                    segments.push_back(match Recoder::new(*how) {
                        None => Segment::Lines(reader),
                        Some(recoder) => Segment::Recoded(Box::new(Recoding {
                            reader,
                            recoder,
                            left: *size,
                            at_line_start: stuffed.then_some(true),
                        })),
                    });
                }
            }
        }
        if framing == Framing::DotStuffed {
            segments.push_back(Segment::Ready(Bytes::from_static(stuff::END)));
        }
        Body::new(segments, (framing == Framing::Raw).then_some(size))
    }
}

impl Inner {
    /// To, Cc and Bcc for an envelope, where they are not what stands in the first piece.
    fn other_fields(&self, envelope: &Envelope, first: &Bytes) -> Option<Bytes> {
        let fields = self.envelope_fields(envelope);
        let stands = match self.frame.addresses.as_slice() {
            [place] => first.get(place.clone()) == Some(&*fields),
            _ => false,
        };
        (!stands).then_some(fields)
    }

    /// To, Cc and Bcc so that they name every recipient of the envelope once, and nobody else.
    fn envelope_fields(&self, envelope: &Envelope) -> Bytes {
        let mut left: HashSet<String> = envelope.recipients.iter().map(|email| address::key(email)).collect();
        let mut in_envelope = |list: &[Address]| -> Vec<Address> {
            let named = list.iter().filter(|a| left.remove(&address::key(&a.email)));
            named.cloned().collect()
        };
        let to = in_envelope(&self.to);
        let cc = in_envelope(&self.cc);
        let mut bcc = in_envelope(&self.bcc);
        for email in &envelope.recipients {
            if left.remove(&address::key(email)) {
                bcc.push(Address {
                    name: None,
                    email: email.clone(),
                });
            }
        }
        let mut out = Vec::new();
        for (name, list) in [("To", &to), ("Cc", &cc), ("Bcc", &bcc)] {
            // Cannot fail: a mailbox that was accepted is shorter than the longest line.
            let _ = frame::address_field(&mut out, name, list);
        }
        out.into()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::{Addressing, Draft, Framing};

    /// The fields To, Cc and Bcc for an envelope that is not the one that the lists were written for.
    fn fields(recipients: &[&str]) -> String {
        let draft = Draft {
            from: Some("f@x".into()),
            to: vec!["A <a@x>".into(), "b@x".into(), "a@X".into()],
            cc: vec!["c@x".into(), "b@x".into()],
            bcc: vec!["D <d@x>".into()],
            ..Draft::default()
        };
        let message = draft.accept(&crate::Limits::default()).unwrap();
        let message = message.with_recipients(recipients.iter().map(|&recipient| recipient.to_owned()).collect());
        String::from_utf8(message.inner.envelope_fields(message.envelope()).to_vec()).unwrap()
    }

    #[tokio::test]
    async fn an_envelope_that_the_header_names_leaves_the_message_as_it_was_written() {
        let draft = |bcc: &[&str]| Draft {
            from: Some("f@x".into()),
            to: vec!["A <a@x>".into()],
            cc: vec!["c@x".into()],
            bcc: bcc.iter().map(|&email| email.to_owned()).collect(),
            text: Some("Bonjour\n".into()),
            ..Draft::default()
        };
        for (bcc, same) in [(&[][..], true), (&["d@x"][..], false)] {
            let message = draft(bcc).accept(&crate::Limits::default()).unwrap();
            let mut whole = Vec::new();
            for addressing in [Addressing::Written, Addressing::Envelope] {
                let mut body = message.mime(addressing, Framing::Raw);
                let size = body.size();
                let block = body.next().await.unwrap().unwrap();
                assert_eq!((size, body.next().await.unwrap()), (Some(block.len() as u64), None));
                whole.push(String::from_utf8(block.to_vec()).unwrap());
            }
            assert_eq!(whole.first() == whole.last(), same);
            assert_eq!(whole.last().unwrap().contains("Bcc: d@x\r\n"), !same);
        }
    }

    #[test]
    fn to_cc_and_bcc_are_exactly_the_envelope() {
        assert_eq!(
            fields(&["a@x", "b@x", "c@x", "d@x"]),
            "To: A <a@x>, b@x\r\nCc: c@x\r\nBcc: D <d@x>\r\n"
        );
        assert_eq!(fields(&["c@X"]), "Cc: c@x\r\n");
        assert_eq!(fields(&["b@x", "e@x"]), "To: b@x\r\nBcc: e@x\r\n");
    }
}
