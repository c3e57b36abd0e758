//! What makes two mails the same one under one idempotency key: their content as it was understood. The same mail in JSON and
//! as a form, with its keys in another order or its base64 in lines, has one fingerprint.

use relais_message::{Draft, MimeDraft};
use relais_router::Route;
use sha2::{Digest as _, Sha256};

/// Of a file's bytes, or of a whole mail's.
pub type Digest = [u8; 32];

/// Every part with its length before it, so that no two mails are the same bytes.
struct Fields(Sha256);

impl Fields {
    fn new(kind: &str, route: &Route) -> Self {
        let mut fields = Self(Sha256::new());
        fields.text(kind);
        match route {
            Route::Default => fields.text("default"),
            Route::Service(name) => fields.list([&"service".to_owned(), &name.to_string()]),
            Route::Connector(name) => fields.list([&"connector".to_owned(), &name.to_string()]),
        }
        fields
    }

    fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_be_bytes());
        self.0.update(text);
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.0.update([u8::from(text.is_some())]);
        self.text(text.unwrap_or_default());
    }

    fn list<'a>(&mut self, texts: impl IntoIterator<Item = &'a String, IntoIter: ExactSizeIterator>) {
        let texts = texts.into_iter();
        self.0.update((texts.len() as u64).to_be_bytes());
        texts.for_each(|text| self.text(text));
    }

    fn finish(self) -> Digest {
        self.0.finalize().into()
    }
}

/// Of a mail that was given as fields; `files` are the digests of its attachments, in their order.
pub fn draft(draft: &Draft, files: &[Digest], route: &Route) -> Digest {
    let mut fields = Fields::new("fields", route);
    fields.maybe(draft.from.as_deref());
    fields.maybe(draft.sender.as_deref());
    for list in [&draft.to, &draft.cc, &draft.bcc, &draft.reply_to] {
        fields.list(list);
    }
    fields.text(&draft.subject);
    fields.maybe(draft.text.as_deref());
    fields.maybe(draft.html.as_deref());
    for (name, value) in &draft.headers {
        fields.list([name, value]);
    }
    for (attachment, digest) in draft.attachments.iter().zip(files) {
        fields.maybe(attachment.name.as_deref());
        fields.maybe(attachment.content_type.as_deref());
        fields.maybe(attachment.content_id.as_deref());
        fields.0.update(digest);
    }
    fields.finish()
}

/// Of a mail that was given as MIME; `whole` is the digest of its bytes.
pub fn mime(draft: &MimeDraft, whole: &Digest, route: &Route) -> Digest {
    let mut fields = Fields::new("mime", route);
    fields.maybe(draft.sender.as_deref());
    fields.list(&draft.recipients);
    fields.0.update([u8::from(draft.recipients_from_header)]);
    fields.0.update(whole);
    fields.finish()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use relais_router::{InstanceName, ServiceInstanceName};

    use super::*;

    fn of(change: impl FnOnce(&mut Draft)) -> Digest {
        let mut mail = Draft::default();
        change(&mut mail);
        draft(&mail, &[], &Route::Default)
    }

    #[test]
    fn moving_a_letter_from_one_field_to_the_next_changes_the_fingerprint() {
        let all = [
            of(|_| {}),
            of(|mail| mail.to = vec!["ab".into()]),
            of(|mail| mail.to = vec!["a".into(), "b".into()]),
            of(|mail| mail.cc = vec!["ab".into()]),
            of(|mail| mail.text = Some(String::new())),
            of(|mail| mail.html = Some(String::new())),
            of(|mail| mail.headers = vec![("X-A".into(), "b".into())]),
            of(|mail| mail.headers = vec![("X-Ab".into(), String::new())]),
        ];
        let mut different = all.to_vec();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn the_same_mail_by_another_way_is_another_mail() {
        let mail = Draft::default();
        let name = "smtp";
        let ways = [
            Route::Default,
            Route::Service(ServiceInstanceName::new(name).unwrap()),
            Route::Connector(InstanceName::new(name).unwrap()),
        ];
        let [a, b, c] = ways.map(|route| draft(&mail, &[], &route));
        assert!(a != b && b != c && a != c);
    }
}
