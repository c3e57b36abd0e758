//! What is printed: aligned text for people, one JSON object for programs.
//!
//! The threat: labels come from a partner's manifest and answers from a server, and a terminal obeys control characters.
//! Every text goes through [`plain`] on its way into a [`Sheet`], and the JSON is escaped beyond what JSON asks for.

use std::fmt::Write as _;
use std::io::{self, Write};

use relais_manifest::Lang;
use serde::Serialize;
use serde_json::Value;

use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::pick;

/// What a command answers, in both forms.
#[derive(Debug)]
pub struct Answer {
    pub sheet: Sheet,
    pub json: Value,
    pub status: Status,
}

impl Answer {
    /// The answer of a command that did its work.
    pub fn done(sheet: Sheet, json: Value) -> Self {
        Self {
            sheet,
            json,
            status: Status::Done,
        }
    }

    /// The answer of the API, in the form that people read and as it came.
    pub fn of(sheet: Sheet, answer: &impl Serialize) -> Result<Self, Fault> {
        let json = serde_json::to_value(answer);
        json.map(|json| Self::done(sheet, json))
            .map_err(|error| Fault::new(Status::Failed, "answer-unreadable", error.to_string()))
    }

    /// The same, which a sentence says to people.
    pub fn line(lang: Lang, text: &str, answer: &impl Serialize) -> Result<Self, Fault> {
        let mut sheet = Sheet::new(lang);
        sheet.line(text);
        Self::of(sheet, answer)
    }

    /// Of a command that has written its answer already.
    pub fn silent() -> Self {
        Self::done(Sheet::new(Lang::En), Value::Null)
    }

    /// Whether there is nothing left to print.
    pub fn is_silent(&self) -> bool {
        self.json.is_null()
    }
}

/// A text for people, built line by line.
#[derive(Debug)]
pub struct Sheet {
    text: String,
    lang: Lang,
}

impl Sheet {
    pub fn new(lang: Lang) -> Self {
        Self {
            text: String::new(),
            lang,
        }
    }

    /// A sentence.
    pub fn line(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&plain(text));
        self.text.push('\n');
        self
    }

    /// An empty line below what there is.
    pub fn gap(&mut self) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self
    }

    /// An empty line and a title over what follows.
    pub fn title(&mut self, text: &str) -> &mut Self {
        self.gap().line(text)
    }

    /// `label: value`, the values under each other.
    pub fn pairs<L: AsRef<str>, V: AsRef<str>>(&mut self, pairs: &[(L, V)]) -> &mut Self {
        let label = |text: &str| format!("{}{}", plain(text), pick(self.lang, " :", ":"));
        let labels: Vec<String> = pairs.iter().map(|(text, _)| label(text.as_ref())).collect();
        let width = labels
            .iter()
            .map(|label| label.chars().count())
            .max()
            .unwrap_or_default();
        for (label, (_, value)) in labels.iter().zip(pairs) {
            let line = format!("{label:width$} {}", plain(value.as_ref()));
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
        self
    }

    /// Columns under their headings, two spaces between them.
    pub fn table<const N: usize>(&mut self, headings: [&str; N], rows: &[[String; N]]) -> &mut Self {
        let headings: [String; N] = headings.map(|heading| heading.to_uppercase());
        self.rows("", std::iter::once(&headings).chain(rows))
    }

    /// Columns without headings, set in under a title.
    pub fn list<const N: usize>(&mut self, rows: &[[String; N]]) -> &mut Self {
        self.rows("  ", rows.iter())
    }

    fn rows<'a, const N: usize>(&mut self, margin: &str, rows: impl Iterator<Item = &'a [String; N]>) -> &mut Self {
        let rows: Vec<[String; N]> = rows.map(|row| row.each_ref().map(|cell| plain(cell))).collect();
        let mut widths = [0; N];
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &rows {
            let mut line = margin.to_owned();
            for (width, cell) in widths.iter().zip(row) {
                // Writing into a String does not fail.
                let _ = write!(line, "{cell:width$}  ");
            }
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
        self
    }

    /// The whole text, which ends its last line.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Whether a terminal or a page would obey `c`: control characters, and the bidirectional controls of Unicode (UAX #9).
fn disturbs(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A stranger's text on one line, with nothing that a terminal would obey.
pub fn plain(text: &str) -> String {
    let line = text.trim_end().chars().map(|c| if disturbs(c) { ' ' } else { c });
    line.collect()
}

/// The same for a text of several lines.
pub fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// One JSON object on one line, in which even the characters that JSON allows and a terminal obeys are escaped.
pub fn json(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        if disturbs(c) {
            // All of them are in the Basic Multilingual Plane, and stand within strings.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    text.push('\n');
    text
}

/// Writes to the standard output. Whoever closed it early, as `head` does, wanted no more of it: that is no error.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}

/// Writes to the standard error, as far as there is one.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain_lines(text));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn columns_stand_under_each_other_whatever_the_accents() {
        let mut sheet = Sheet::new(Lang::Fr);
        sheet.table(
            ["Nom", "État"],
            &[["é".into(), "prêt".into()], ["abcd".into(), "à revoir".into()]],
        );
        assert_eq!(sheet.text(), "NOM   ÉTAT\né     prêt\nabcd  à revoir\n");
    }

    #[test]
    fn values_stand_under_each_other_behind_the_colon_of_the_language() {
        let mut sheet = Sheet::new(Lang::Fr);
        sheet.pairs(&[("Adresse", "a"), ("Port", "587")]);
        assert_eq!(sheet.text(), "Adresse : a\nPort :    587\n");
        let mut sheet = Sheet::new(Lang::En);
        sheet.pairs(&[("Port", "587")]);
        assert_eq!(sheet.text(), "Port: 587\n");
    }

    #[test]
    fn a_server_cannot_move_the_cursor_nor_add_a_line() {
        let mut sheet = Sheet::new(Lang::En);
        sheet
            .line("250 ok\u{1b}[2J\r\nerror: x\u{9b}31m\u{202e}")
            .pairs(&[("a\nb", "c\td")])
            .list(&[["e\u{7}".to_owned()]]);
        assert!(!sheet.text().chars().any(|c| disturbs(c) && c != '\n'));
        assert_eq!(sheet.text().lines().count(), 3);
    }

    #[test]
    fn json_escapes_what_a_terminal_obeys_and_reads_back_the_same() {
        let value = serde_json::json!({"text": "a\u{1b}\u{9b}\u{7f}\u{202e}é"});
        let text = json(&value);
        assert!(!text.trim_end().chars().any(disturbs), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
