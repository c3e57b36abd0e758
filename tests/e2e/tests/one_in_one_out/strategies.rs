//! What the mails are made of.

use proptest::prelude::*;
use relais_e2e::{attachment, draft};
use relais_message::Draft;

/// What breaks senders. `LONG` stands for a line of more than 998 octets.
pub const FRAGMENTS: &[&str] = &[
    "",
    "\r",
    "\n",
    "\r\n",
    "\n\r",
    "\0",
    ".",
    ".\r\n",
    ".\n",
    "\r\n.\r\n",
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r.\r\n",
    "\r\n.\rQUIT\r\n",
    "\n.\r\nMAIL FROM:<pirate@exemple.example>\r\nRCPT TO:<victime@exemple.example>\r\nDATA\r\nSubject: faux\r\n\r\n.\r\n",
    "\r\n..\r\n...\r\n",
    "\nFrom moi\n>From toi\n",
    LONG,
    "\nLa fin d'une ligne à espaces \t \n",
    "=?utf-8?q?=0D=0A?= =3D=0D=0A",
    "\u{feff}é\u{2028}日本\u{85}",
    "--=_\n\n--\n",
];

const LONG: &str = "LONG";

/// A fragment as text.
pub fn fragment_text(fragment: &str) -> String {
    if fragment == LONG {
        "x".repeat(2500)
    } else {
        fragment.to_owned()
    }
}

/// A fragment as the content of a file, with octets that are no UTF-8 after it.
pub fn fragment_bytes(fragment: &str) -> Vec<u8> {
    let mut bytes = fragment_text(fragment).into_bytes();
    bytes.extend_from_slice(b"\xff\xfe");
    bytes.extend_from_slice(fragment_text(fragment).as_bytes());
    bytes
}

/// The value of a field, and whether something in it has to be refused.
#[derive(Debug, Clone)]
pub struct Field {
    value: String,
    hostile: bool,
}

/// A generated mail.
#[derive(Debug, Clone)]
pub struct Mail {
    recipient: Field,
    subject: Field,
    header: Field,
    name: Field,
    text: Option<String>,
    html: Option<String>,
    files: Vec<Vec<u8>>,
}

impl Mail {
    /// The names of the fields that have to be refused, sorted.
    pub fn hostile_fields(&self) -> Vec<String> {
        let first = (!self.files.is_empty()).then_some((&self.name, "attachments[0].name"));
        let fields = first.into_iter().chain([
            (&self.header, "headers[0].value"),
            (&self.subject, "subject"),
            (&self.recipient, "to[0]"),
        ]);
        fields
            .filter(|(field, _)| field.hostile)
            .map(|(_, name)| name.to_owned())
            .collect()
    }

    pub fn draft(&self) -> Draft {
        let file = |(index, content): (usize, &Vec<u8>)| match index {
            0 => attachment(&self.name.value, content.clone()),
            _ => attachment(&format!("pièce {index}.bin"), content.clone()),
        };
        Draft {
            to: vec![self.recipient.value.clone()],
            headers: vec![("X-EzGED-Dossier".to_owned(), self.header.value.clone())],
            text: self.text.clone(),
            html: self.html.clone(),
            attachments: self.files.iter().enumerate().map(file).collect(),
            ..draft(&self.subject.value)
        }
    }
}

/// Mails of which most have nothing to refuse, so that their contents are put to the test.
pub fn mails() -> impl Strategy<Value = Mail> {
    let files = prop::collection::vec(content(), 0..3);
    let texts = (prop::option::weighted(0.8, text()), prop::option::weighted(0.6, text()));
    let fields = (
        field(recipient(), recipients_that_break_out()),
        subject(),
        header(),
        file_name(),
    );
    (fields, texts, files).prop_map(|((recipient, subject, header, name), (text, html), files)| Mail {
        recipient,
        subject,
        header,
        name,
        text,
        html,
        files,
    })
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(FRAGMENTS).prop_map(fragment_text),
        2 => prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
        2 => Just("Une ligne simple.\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let octets = prop::collection::vec(any::<u8>(), 0..600);
    prop_oneof![text().prop_map(String::into_bytes), octets]
}

/// `good` in most cases, otherwise `bad`.
fn field(good: impl Strategy<Value = String>, bad: impl Strategy<Value = String>) -> impl Strategy<Value = Field> {
    let made = |hostile| move |value| Field { value, hostile };
    prop_oneof![15 => good.prop_map(made(false)), 1 => bad.prop_map(made(true))]
}

/// One line in which something has to be refused.
fn broken_line() -> impl Strategy<Value = String> {
    const BREAKS: &[&str] = &[
        "\r",
        "\n",
        "\r\n",
        "\0",
        "\r\nBcc: victime@exemple.example",
        "\r\n\r\nCorps",
        "\n.\n",
        "\t",
        "\x1b",
    ];
    (words(), prop::sample::select(BREAKS).prop_map(str::to_owned), words())
        .prop_map(|(before, broken, after)| format!("{before}{broken}{after}"))
}

/// Words between single spaces, so that folding cannot be seen in them.
fn words() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "Reçu",
        ".",
        "From",
        "=?utf-8?q?x?=",
        "日本",
        "n°",
        "a:b",
        "--",
        "mot",
        "\"",
        "<x@y>",
        "\\",
        "🦊",
    ];
    prop::collection::vec(prop::sample::select(WORDS), 1..60).prop_map(|words| words.join(" "))
}

fn subject() -> impl Strategy<Value = Field> {
    field(prop_oneof![words(), Just(String::new())], broken_line())
}

fn header() -> impl Strategy<Value = Field> {
    field(words(), broken_line())
}

fn file_name() -> impl Strategy<Value = Field> {
    const NAMES: &[&str] = &[
        "Délibération n° 4.pdf",
        "a.txt",
        "From .eml",
        "日本.bin",
        "guille\"met.pdf",
    ];
    field(prop::sample::select(NAMES).prop_map(str::to_owned), broken_line())
}

fn recipient() -> impl Strategy<Value = String> {
    const GOOD: &[&str] = &[
        "lecteur@exemple.example",
        "Élie <elie@exemple.example>",
        "o'neil+x@exemple.example",
    ];
    prop::sample::select(GOOD).prop_map(str::to_owned)
}

fn recipients_that_break_out() -> impl Strategy<Value = String> {
    const BAD: &[&str] = &[
        "a@b.example>\r\nRCPT TO:<victime@exemple.example",
        "a@b.example\nBcc: victime@exemple.example",
        "a b@exemple.example",
        "<a@b.example> SIZE=1",
        "a@b.example, c@d.example",
        "personne",
        "",
        "a@b.example\0",
    ];
    prop::sample::select(BAD).prop_map(str::to_owned)
}
