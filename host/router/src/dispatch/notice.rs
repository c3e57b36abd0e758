//! What Relais writes by itself: to the sender of a mail that failed, a report as RFC 3464 has it; to the contact of a
//! workspace, an alert.
//!
//! A report has the null reverse-path and says that it was made by a machine (RFC 3834), and nothing of Relais's own is ever
//! reported on, so that no two machines write to each other for ever.

use std::fmt::Write;

use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use relais_message::{Addressing, Draft, Framing, Message};

use crate::outbox::{Delivery, DeliveryId, Words};

/// Bytes of the original header that a report repeats at most.
const HEADER_BYTES: usize = 64 << 10;
/// Recipients that the part for people lists; the part for machines has all.
const LISTED: usize = 50;
/// Deliveries that an alert names.
const NAMED: usize = 100;
/// Where a field of a report is folded (RFC 5322 section 2.1.1), and where a word is cut that has no place to fold.
const FOLD: usize = 76;
const WORD: usize = 900;

/// What a sender is told.
#[derive(Debug)]
pub(crate) struct Notice {
    pub about: Delivery,
    /// The places of the recipients that failed.
    pub failed: Vec<usize>,
    /// Which of the reports on this delivery it is.
    pub number: u32,
    /// The original, where it is still there.
    pub message: Option<Message>,
}

/// Who reports, and to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends<'a> {
    pub from: &'a str,
    pub to: &'a str,
    /// The name of this host.
    pub host: &'a str,
}

/// The report as MIME, without Date and Message-ID.
pub(super) async fn report(notice: &Notice, ends: Ends<'_>) -> String {
    let header = match &notice.message {
        Some(message) => original(message).await,
        None => format!("Message-ID: <{}>\r\n", notice.about.message_id),
    };
    let id = notice.about.id;
    // The id is random, and so is in no part.
    let boundary = format!("report-{id}");
    let mut out = String::new();
    for line in [
        format!("From: Relais <{}>", ends.from),
        format!("To: <{}>", ends.to),
        "Subject: Message non remis / Undelivered mail".to_owned(),
        format!("In-Reply-To: <{}>", notice.about.message_id),
        format!("References: <{}>", notice.about.message_id),
        "Auto-Submitted: auto-replied".to_owned(),
        "MIME-Version: 1.0".to_owned(),
        "Content-Type: multipart/report; report-type=delivery-status;".to_owned(),
        format!(" boundary=\"{boundary}\""),
        String::new(),
        format!("--{boundary}"),
        "Content-Type: text/plain; charset=utf-8".to_owned(),
        "Content-Transfer-Encoding: 8bit".to_owned(),
        String::new(),
    ] {
        out.push_str(&line);
        out.push_str("\r\n");
    }
    people(&mut out, notice);
    let _ = write!(out, "\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n");
    machines(&mut out, notice, ends.host);
    let _ = write!(
        out,
        "\r\n--{boundary}\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}"
    );
    let _ = write!(out, "\r\n--{boundary}--\r\n");
    out
}

/// The part for people.
fn people(out: &mut String, notice: &Notice) {
    let id = notice.about.id;
    out.push_str("Votre message n'a pas pu être remis aux destinataires suivants.\r\n");
    out.push_str("Your message could not be delivered to the following recipients.\r\n\r\n");
    for (address, words) in failed(notice).take(LISTED) {
        let _ = write!(out, "  {address}\r\n");
        if let Some(words) = words {
            let code = words.code.as_deref().filter(|code| !words.text.starts_with(*code));
            let text = format!(
                "{}{}{}",
                code.unwrap_or_default(),
                if code.is_some() { " " } else { "" },
                words.text
            );
            for line in text.lines().map(printable) {
                let _ = write!(out, "    {}\r\n", line.chars().take(WORD / 4).collect::<String>());
            }
        }
    }
    let more = notice.failed.len().saturating_sub(LISTED);
    if more > 0 {
        let _ = write!(out, "  (+ {more})\r\n");
    }
    let _ = write!(out, "\r\nEnvoi / Delivery: {id}\r\n");
}

/// The part for machines (RFC 3464 section 2).
fn machines(out: &mut String, notice: &Notice, host: &str) {
    let about = &notice.about;
    field(out, "Reporting-MTA", &format!("dns; {host}"));
    if let Ok(date) = rfc2822::to_string(&about.accepted_at.to_zoned(TimeZone::UTC)) {
        field(out, "Arrival-Date", &date);
    }
    for (address, words) in failed(notice) {
        out.push_str("\r\n");
        field(out, "Final-Recipient", &recipient(address));
        field(out, "Action", "failed");
        field(out, "Status", &status(words));
        if let Some(words) = words {
            field(out, "Diagnostic-Code", &diagnostic(words));
        }
        let last = about.attempts.last().map(|attempt| attempt.ended_at);
        if let Some(Ok(date)) = last.map(|last| rfc2822::to_string(&last.to_zoned(TimeZone::UTC))) {
            field(out, "Last-Attempt-Date", &date);
        }
    }
}

fn failed(notice: &Notice) -> impl Iterator<Item = (&str, Option<&Words>)> {
    let recipients = notice
        .failed
        .iter()
        .filter_map(|place| notice.about.recipients.get(*place));
    recipients.map(|recipient| (recipient.address.as_str(), recipient.words.as_ref()))
}

/// The address, with what is not ASCII as RFC 6533 section 3 writes it.
fn recipient(address: &str) -> String {
    if address.is_ascii() {
        return format!("rfc822; {address}");
    }
    let mut out = "utf-8; ".to_owned();
    for c in address.chars() {
        match c {
            '\\' | '+' | '=' => {
                let _ = write!(out, "\\x{{{:02X}}}", u32::from(c));
            }
            c if c.is_ascii() => out.push(c),
            c => {
                let _ = write!(out, "\\x{{{:X}}}", u32::from(c));
            }
        }
    }
    out
}

/// The enhanced code of the remote (RFC 3463) where it gave one for good; else that it failed, and no more is known.
fn status(words: Option<&Words>) -> String {
    const UNKNOWN: &str = "5.0.0";
    let code = words.and_then(|words| words.code.as_deref()).unwrap_or_default();
    let enhanced = code.split_whitespace().find(|part| {
        let numbers: Vec<&str> = part.split('.').collect();
        let short = |number: &&str| (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        numbers.len() == 3 && numbers.first() == Some(&"5") && numbers.iter().all(short)
    });
    enhanced.unwrap_or(UNKNOWN).to_owned()
}

/// The remote's words, as SMTP where it spoke SMTP.
fn diagnostic(words: &Words) -> String {
    let code = words.code.as_deref().unwrap_or_default();
    let smtp = code.split_whitespace().next().is_some_and(|first| {
        first.len() == 3 && first.starts_with(['4', '5']) && first.bytes().all(|b| b.is_ascii_digit())
    });
    match smtp {
        true if words.text.starts_with(code) => format!("smtp; {}", words.text),
        true => format!("smtp; {code} {}", words.text),
        false => format!("x-relais; {} {}", words.kind, words.text),
    }
}

/// One field, folded, in ASCII.
fn field(out: &mut String, name: &str, value: &str) {
    let mut column = name.len() + 1;
    out.push_str(name);
    out.push(':');
    for word in value.split_whitespace() {
        let word: String = word
            .chars()
            .take(WORD)
            .map(|c| if c.is_ascii_graphic() { c } else { '?' })
            .collect();
        if column + 1 + word.len() > FOLD && column > name.len() + 1 {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(&word);
        column += 1 + word.len();
    }
    out.push_str("\r\n");
}

fn printable(line: &str) -> String {
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The header of the original as it left: 7-bit, and without Bcc.
async fn original(message: &Message) -> String {
    const END: &[u8] = b"\r\n\r\n";
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    let mut header: Vec<u8> = Vec::new();
    while let Ok(Some(block)) = body.next().await {
        header.extend_from_slice(&block);
        if header.len() > HEADER_BYTES || header.windows(END.len()).any(|window| window == END) {
            break;
        }
    }
    let end = header.windows(END.len()).position(|window| window == END);
    let end = end.map(|end| end + 2).unwrap_or_else(|| {
        let whole = header.len().min(HEADER_BYTES);
        let lines = header.get(..whole).unwrap_or_default();
        lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
    });
    header.truncate(end);
    String::from_utf8_lossy(&header).into_owned()
}

/// The alert to the contact of a workspace: some of its deliveries wait for somebody to look. It names ids only, and the first
/// of them where they are many.
pub(super) fn alert(from: Option<String>, contact: String, workspace: &str, ids: &[DeliveryId]) -> Draft {
    let mut list: String = ids.iter().take(NAMED).fold(String::new(), |mut list, id| {
        let _ = writeln!(list, "  {id}");
        list
    });
    let more = ids.len().saturating_sub(NAMED);
    if more > 0 {
        let _ = writeln!(list, "  (+ {more})");
    }
    let text = format!(
        "Espace « {workspace} » : depuis plus d'une heure, Relais ne sait pas si les envois suivants sont partis. Ils ne seront \
         pas renvoyés d'eux-mêmes. Vérifiez auprès du destinataire, puis renvoyez-les (« relais delivery resend ») ou clôturez-les \
         (« relais delivery close »).\n\n\
         Workspace `{workspace}`: for over an hour, Relais has not known whether the following deliveries have left. They are \
         not sent again by themselves. Check with the recipient, then send them again (`relais delivery resend`) or close them \
         (`relais delivery close`).\n\n{list}"
    );
    Draft {
        from,
        sender: Some("<>".to_owned()),
        to: vec![contact],
        subject: format!(
            "Relais : envois incertains ({0}) / uncertain deliveries ({0})",
            ids.len()
        ),
        text: Some(text),
        headers: vec![("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
        ..Draft::default()
    }
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
