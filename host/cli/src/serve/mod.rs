//! `relais serve`: the daemon. It opens the data folder, sends what waits in it, and takes mail in: over HTTP, over SMTP where it
//! is asked to, and from `relais sendmail`.
//!
//! Start: the store, then the sockets, then the dispatcher, then "ready" to systemd. End, on SIGTERM or SIGINT: no new work is
//! taken; what is on its way has [`GRACE`] to end; the rest stays in the queue.

mod drop;
mod group;
mod listen;
mod notify;
mod options;
mod spool;

use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use relais_router::Router;
use relais_sandbox::Config;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::client::SOCKET;
use crate::exit::Status;
use crate::fault::Fault;
use crate::logs::Log;
use crate::output::{self, Answer};
use crate::site::Site;
use crate::texts::serve as say;

use options::Options;

/// How long what is on its way has when the daemon ends; systemd waits longer than that.
const GRACE: Duration = Duration::from_secs(30);
const UNIT: &str = include_str!("../../relais.service");

/// The log that this command line asks for.
pub fn log(matches: &ArgMatches) -> Log {
    match matches.subcommand() {
        Some(("serve", inner)) => Log {
            daemon: !inner.get_flag("print-unit"),
            json: inner.get_one::<String>("log").is_some_and(|form| form == "json"),
            ..Log::default()
        },
        _ => Log::default(),
    }
}

/// Runs until it is told to end.
pub async fn run(site: &Site, matches: &ArgMatches) -> Result<Answer, Fault> {
    if matches.get_flag("print-unit") {
        let printed = output::print(UNIT);
        return match printed {
            Ok(()) => Ok(Answer::silent()),
            Err(error) => Err(Fault::new(Status::Failed, "output", error.to_string())),
        };
    }
    let options = Options::read(site.lang, matches)?;
    // Before anything is opened, so that a signal during the start ends it in order.
    let stop = on_signals(site)?;
    let router = Arc::new(site.open(Config::default()).await?);
    serve(site, router, options, stop).await.map(|()| Answer::silent())
}

async fn serve(site: &Site, router: Arc<Router>, options: Options, stop: CancellationToken) -> Result<(), Fault> {
    let mut listening = listen::Listening::new(Arc::clone(&router));
    listening.admin(site.lang, &router.data().join(SOCKET)).await?;
    if let Some(address) = options.listen {
        listening.tcp(site.lang, address).await?;
    }
    let spool = match &options.spool {
        Some(folder) => {
            let spool = spool::Spool::prepare(site.lang, folder, options.group)?;
            listening.submit(site.lang, &spool).await?;
            Some(spool)
        }
        None => None,
    };
    let served = listening.serve(stop.clone());
    let picking = spool.map(|spool| tokio::spawn(drop::pick_up(Arc::clone(&router), spool, stop.clone())));
    let watchdog = tokio::spawn(notify::watchdog(Arc::clone(&router), stop.clone()));
    tracing::info!(data = %router.data().display(), "{}", say::ready(site.lang, &router.data().display().to_string()));
    notify::ready();

    stop.cancelled().await;
    notify::stopping();
    tracing::info!("stopping");
    served.ended(GRACE).await;
    if let Some(picking) = picking {
        let _ = picking.await;
    }
    let _ = watchdog.await;
    Ok(())
}

/// Cancelled by SIGTERM and SIGINT.
fn on_signals(site: &Site) -> Result<CancellationToken, Fault> {
    let fault = |error: std::io::Error| Fault::new(Status::Failed, "signals", say::cannot_listen(site.lang, "SIGTERM", &error.to_string()));
    let mut term = signal(SignalKind::terminate()).map_err(fault)?;
    let mut int = signal(SignalKind::interrupt()).map_err(fault)?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
