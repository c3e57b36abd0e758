//! The header fields of a message as a person reads them: decoded and unfolded.

use super::{Inner, Origin};
use crate::address::Address;
use crate::frame::Piece;
use crate::mime;

impl Inner {
    pub(super) fn list_headers(&self) -> Vec<(String, String)> {
        match &self.origin {
            Origin::Fields { date, extra, .. } => self.fields_as_headers(date, extra),
            Origin::Mime(_) => match self.frame.pieces.first() {
                Some(Piece::Text(header)) => mime::headers(header),
                _ => Vec::new(),
            },
        }
    }

    fn fields_as_headers(&self, date: &str, extra: &[(String, String)]) -> Vec<(String, String)> {
        let list = |list: &[Address]| list.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
        let mut headers = vec![("From".to_owned(), self.from.to_string())];
        for (name, addresses) in [("Reply-To", &self.reply_to), ("To", &self.to), ("Cc", &self.cc)] {
            if !addresses.is_empty() {
                headers.push((name.to_owned(), list(addresses)));
            }
        }
        headers.push(("Subject".to_owned(), self.subject.clone()));
        headers.push(("Date".to_owned(), date.to_owned()));
        headers.push(("Message-ID".to_owned(), format!("<{}>", self.id)));
        headers.extend(extra.iter().cloned());
        headers.push(("MIME-Version".to_owned(), "1.0".to_owned()));
        headers.extend(self.frame.content_fields());
        headers
    }
}
