//! `relais demo`: the whole of Relais on one machine and in one process. A store in a temporary folder, the bundled SMTP
//! connector in its sandbox, a small SMTP server on loopback that demands STARTTLS and a login, one mail; then a second
//! connector that looks for a way out and finds none.

mod letter;
mod report;
mod stage;
mod watch;

use std::io::Write as _;
use std::process::ExitCode;

use relais_manifest::Lang;

use report::Report;
use stage::Stage;

/// Runs the demonstration and prints it, as text or as one JSON object. The status is 0 only where the mail arrived as it was
/// written and the second connector was refused.
pub async fn run(json: bool, lang: Lang) -> ExitCode {
    match play(lang, !json).await {
        Ok(report) => {
            if json {
                say(&report.json().to_string());
            } else {
                report.conclude(lang);
            }
            if report.is_good() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            let text = format!("{error}");
            if json {
                let fault = serde_json::json!({ "delivered": false, "error": { "code": "demo", "message": text } });
                say(&fault.to_string());
            } else {
                eprintln!("{text}");
            }
            ExitCode::FAILURE
        }
    }
}

/// One line on the standard output. Whoever closed it does not want to read on, and the status says the rest.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Whatever stops the demonstration; it is printed as it stands.
type Fault = Box<dyn std::error::Error + Send + Sync>;

async fn play(lang: Lang, aloud: bool) -> Result<Report, Fault> {
    let mut stage = Stage::set(lang, aloud).await?;
    let mut report = Report::default();
    stage.install(&mut report).await?;
    stage.configure(&mut report)?;
    stage.send(&mut report).await?;
    stage.probe(&mut report).await?;
    stage.leave().await;
    Ok(report)
}
