//! What is sent: text of 2 KB and a PDF of 100 KB by `sendMail`, a file of 34 MB by draft and upload.

use std::io::Write as _;

use bytes::Bytes;
use relais_e2e::office::USER;
use relais_message::{Draft, DraftAttachment, Limits, Message, Source};

use crate::Fault;

pub const TO: &str = "conseil@exemple.fr";
pub const SUBJECT: &str = "Séance du conseil n° 7";
const TEXT_BYTES: usize = 2 << 10;
const PDF_BYTES: usize = 100 << 10;
const LARGE_BYTES: usize = 34_000_000;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    Text,
    Pdf,
    Large,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Text, Kind::Pdf, Kind::Large];

    pub fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Pdf => "pdf",
            Kind::Large => "34 MB",
        }
    }
}

/// The content, made once; each client makes its request from it for each message.
pub struct Load {
    pub text: String,
    pub pdf: Bytes,
    pub large: Bytes,
}

impl Load {
    pub fn new() -> Self {
        let line = "Le conseil est convoqué en séance ordinaire, salle des mariages.\n";
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let noise = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        let large: Bytes = noise.flatten().take(LARGE_BYTES).collect::<Vec<u8>>().into();
        Self {
            text: line.repeat(TEXT_BYTES / line.len() + 1),
            pdf: large.slice(..PDF_BYTES),
            large,
        }
    }

    /// The file of a kind, where it has one.
    pub fn file(&self, kind: Kind) -> Option<&Bytes> {
        match kind {
            Kind::Text => None,
            Kind::Pdf => Some(&self.pdf),
            Kind::Large => Some(&self.large),
        }
    }

    /// The message as Relais takes it, made anew.
    pub fn message(&self, kind: Kind) -> Result<Message, Fault> {
        let source = self.file(kind).map(|bytes| Source::Bytes(bytes.clone()));
        self.accept(source)
    }

    /// A mail of 34 MB whose file stands on the disk.
    pub fn on_the_disk(&self) -> Result<(tempfile::NamedTempFile, Message), Fault> {
        let mut file = tempfile::NamedTempFile::new()?;
        file.write_all(&self.large)?;
        let path = file.path().to_owned();
        let message = self.accept(Some(Source::File { path }))?;
        Ok((file, message))
    }

    fn accept(&self, source: Option<Source>) -> Result<Message, Fault> {
        let attachment = |source| DraftAttachment {
            name: Some("séance.pdf".to_owned()),
            content_type: Some("application/pdf".to_owned()),
            content_id: None,
            source,
        };
        let draft = Draft {
            from: Some(USER.to_owned()),
            to: vec![TO.to_owned()],
            subject: SUBJECT.to_owned(),
            text: Some(self.text.clone()),
            attachments: source.into_iter().map(attachment).collect(),
            ..Draft::default()
        };
        let accepted = draft.accept(&Limits::default());
        accepted.map_err(|errors| format!("{errors:?}").into())
    }
}
