//! What the sandbox itself costs: making one, calling into it, crossing its border, keeping it, and streaming through it.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use relais_message::{Draft, DraftAttachment, Limits, Source};
use relais_sandbox::{Config, Sandbox};
use serde_json::{Value, json};

use crate::clients::relais::{self, Relais};
use crate::load::{Kind, Load};
use crate::report::Spread;
use crate::sink::Sink;
use crate::{Fault, process};

const SANDBOXES: usize = 200;
const CALLS: usize = 2000;
const IDLE: usize = 32;
const LARGE: usize = 50 << 20;

pub struct Costs {
    fresh_us: f64,
    warm_call_us: f64,
    warm_call_host_calls: f64,
    host_calls_per_text: f64,
    guest_bytes_per_text: f64,
    host_calls_per_pdf: f64,
    guest_bytes_per_pdf: f64,
    idle_kib: f64,
    large_growth_mib: f64,
}

impl Costs {
    pub fn json(&self) -> Value {
        let value = |v: f64| (v * 100.0).round() / 100.0;
        json!({
            "fresh_sandbox_us": value(self.fresh_us),
            "warm_call_us": value(self.warm_call_us),
            "warm_call_host_calls": value(self.warm_call_host_calls),
            "host_calls_per_text": value(self.host_calls_per_text),
            "guest_bytes_per_text": value(self.guest_bytes_per_text),
            "host_calls_per_pdf": value(self.host_calls_per_pdf),
            "guest_bytes_per_pdf": value(self.guest_bytes_per_pdf),
            "idle_session_kib": value(self.idle_kib),
            "growth_50_mb_attachment_mib": value(self.large_growth_mib),
        })
    }

    pub fn table(&self) {
        println!("| cost | value |");
        println!("|---|---|");
        println!(
            "| a fresh sandbox (instance made, before `open`) | {:.1} µs |",
            self.fresh_us
        );
        println!(
            "| a warm call (`verify` of the probe, {:.0} host calls) | {:.1} µs |",
            self.warm_call_host_calls, self.warm_call_us
        );
        println!(
            "| crossings a mail: text, PDF | {:.1}, {:.1} host calls |",
            self.host_calls_per_text, self.host_calls_per_pdf
        );
        println!(
            "| bytes copied through the guest a mail: text, PDF | {:.0}, {:.0} |",
            self.guest_bytes_per_text, self.guest_bytes_per_pdf
        );
        println!("| memory of an idle session | {:.0} KiB |", self.idle_kib);
        println!(
            "| memory growth while a 50 MB attachment is sent (goal: under 8 MiB) | {:.2} MiB |",
            self.large_growth_mib
        );
    }
}

pub async fn measure(sink: &Sink, relais: &Relais, load: &Load) -> Result<Costs, Fault> {
    let (fresh_us, (warm_call_us, warm_call_host_calls)) = (fresh(relais).await?, warm_call(sink).await?);
    let (host_calls_per_text, guest_bytes_per_text) = crossings(relais, load, Kind::Text).await?;
    let (host_calls_per_pdf, guest_bytes_per_pdf) = crossings(relais, load, Kind::Pdf).await?;
    Ok(Costs {
        fresh_us,
        warm_call_us,
        warm_call_host_calls,
        host_calls_per_text,
        guest_bytes_per_text,
        host_calls_per_pdf,
        guest_bytes_per_pdf,
        idle_kib: idle(relais).await?,
        large_growth_mib: large(relais).await?,
    })
}

async fn fresh(relais: &Relais) -> Result<f64, Fault> {
    let mut times = Vec::with_capacity(SANDBOXES);
    for _ in 0..SANDBOXES {
        let session = relais.connect().await?;
        times.push(session.instantiated_in().as_secs_f64() * 1e6);
        session.close().await;
    }
    Ok(Spread::of(times.into_iter()).median)
}

/// The probe asks for what it may not have, so that no network is in the figure.
async fn warm_call(sink: &Sink) -> Result<(f64, f64), Fault> {
    let sandbox = Sandbox::new(Config::default())?;
    let probe = sandbox.load(relais_bundle::PROBE).await?;
    let mut session = probe.open(Arc::new(relais::instance(&probe, sink.address)?)).await?;
    session.verify().await?;
    let before = session.stats().host_calls;
    let begun = Instant::now();
    for _ in 0..CALLS {
        session.verify().await?;
    }
    let each = begun.elapsed().as_secs_f64() * 1e6 / CALLS as f64;
    let calls = (session.stats().host_calls - before) as f64 / CALLS as f64;
    Ok((each, calls))
}

async fn crossings(relais: &Relais, load: &Load, kind: Kind) -> Result<(f64, f64), Fault> {
    let mut session = relais.connect().await?;
    relais::send(&mut session, load, kind).await?;
    let before = session.stats();
    let mails = 50;
    for _ in 0..mails {
        relais::send(&mut session, load, kind).await?;
    }
    let after = session.stats();
    session.close().await;
    let each = |a: u64, b: u64| (a - b) as f64 / f64::from(mails);
    Ok((
        each(after.host_calls, before.host_calls),
        each(after.guest_bytes, before.guest_bytes),
    ))
}

async fn idle(relais: &Relais) -> Result<f64, Fault> {
    let before = process::resident();
    let mut sessions = Vec::with_capacity(IDLE);
    for _ in 0..IDLE {
        sessions.push(relais.connect().await?);
    }
    let grown = process::resident().saturating_sub(before);
    for session in sessions {
        session.close().await;
    }
    Ok(grown as f64 / 1024.0 / IDLE as f64)
}

async fn large(relais: &Relais) -> Result<f64, Fault> {
    let mut file = tempfile::NamedTempFile::new()?;
    let block = vec![0xa5; 1 << 20];
    for _ in 0..LARGE >> 20 {
        file.write_all(&block)?;
    }
    let draft = Draft {
        from: Some(crate::load::FROM.to_owned()),
        to: vec![crate::load::TO.to_owned()],
        subject: crate::load::SUBJECT.to_owned(),
        attachments: vec![DraftAttachment {
            name: Some("plan.pdf".to_owned()),
            content_type: None,
            content_id: None,
            source: Source::File {
                path: file.path().to_owned(),
            },
        }],
        ..Draft::default()
    };
    let mut session = relais.connect().await?;
    process::reset_peak();
    let before = process::resident();
    let message = draft.accept(&Limits::default()).map_err(|e| format!("{e:?}"))?;
    session.send(&message).await?;
    let grown = process::peak().saturating_sub(before);
    session.close().await;
    Ok(grown as f64 / f64::from(1 << 20))
}
