//! `relais serve`: the daemon. It opens the data folder, sends what waits in it, and takes mail in: over HTTP, over SMTP where it
//! is asked to, and from `relais sendmail`.
//!
//! Start: the store, then the sockets, then the dispatcher, then "ready" to systemd. End, on SIGTERM or SIGINT: no new work is
//! taken; what is on its way has [`GRACE`] to end; the rest stays in the queue.

mod drop;
mod group;
mod notify;
mod options;
mod spool;
mod submission;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use clap::ArgMatches;
use relais_manifest::Lang;
use relais_router::{DispatchConfig, Router};
use relais_sandbox::Config;
use relais_server::{Limiter, Listening, ServerConfig};
use relais_submission::server_tls;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::client::SOCKET;
use crate::exit::Status;
use crate::fault::Fault;
use crate::logs::Log;
use crate::output::{self, Answer};
use crate::site::Site;
use crate::texts::serve as say;

use options::Options;
use spool::Spool;

/// How long what is on its way has when the daemon ends; systemd waits longer than that.
const GRACE: Duration = Duration::from_secs(30);
/// How long accounts that are being renewed have after that.
const RENEWALS: Duration = Duration::from_secs(5);
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
    let mut sandbox = Config::default();
    if let Some(silence) = options.silence {
        sandbox.limits.silence = silence;
    }
    let router = Arc::new(site.open(sandbox).await?);
    site.way_out.tell(router.outgoing());
    serve(site, router, options, stop).await.map(|()| Answer::silent())
}

async fn serve(site: &Site, router: Arc<Router>, options: Options, stop: CancellationToken) -> Result<(), Fault> {
    let lang = site.lang;
    let mut doors = Listening::new();
    if let Some(address) = options.listen {
        let bound = match http_tls(lang, &options)? {
            Some(tls) => doors.tls(address, tls).await,
            None => doors.tcp(address).await,
        };
        bound.map_err(|error| cannot_listen(lang, &address.to_string(), &error))?;
    }
    if let Some(address) = options.metrics {
        let bound = doors.figures(address).await;
        bound.map_err(|error| cannot_listen(lang, &address.to_string(), &error))?;
    }
    let spool = match &options.spool {
        Some(folder) => Some(Spool::prepare(lang, folder, options.groups.clone())?),
        None => None,
    };
    if let Some(spool) = &spool {
        for ws in options.groups.own.keys() {
            let known = router.workspace_view(ws);
            known.map_err(|error| Fault::router(lang, &error))?;
        }
        for door in spool.doors() {
            doors
                .submit_socket(&door.path, door.group, door.serves)
                .map_err(|error| cannot_listen(lang, &door.path.display().to_string(), &error))?;
        }
        drop::open_all(&router, spool).map_err(|error| {
            let text = say::spool(lang, &spool.folder().display().to_string(), &error);
            Fault::new(Status::Failed, "spool-unusable", text)
        })?;
    }
    let mut limits = relais_server::Options {
        stopping: stop.clone(),
        ..relais_server::Options::default()
    };
    if let Some(rate) = options.rate {
        limits.per_second = rate;
        limits.burst = rate.saturating_mul(2);
    }
    let limiter = Arc::new(Limiter::new(limits.per_second, limits.burst));
    limits.limiter = Some(Arc::clone(&limiter));
    let submission = submission::listen(lang, &router, &options, &limiter).await?;
    // The last of the sockets: whoever can connect to it finds the others open.
    let admin = router.data().join(SOCKET);
    doors
        .admin_socket(&admin)
        .map_err(|error| cannot_listen(lang, &admin.display().to_string(), &error))?;
    router.set_public_url(options.public_url.clone());
    let app = relais_server::app(Arc::clone(&router), limits);
    let mut pace = DispatchConfig::default();
    if let Some(first) = options.first_retry {
        pace.retry_first = first;
        // A pause that is longer than the wait for a retry would make the retry late.
        pace.pause_first = pace.pause_first.min(first);
    }
    let dispatcher = router
        .dispatch_with(pace)
        .map_err(|error| Fault::router(lang, &error))?;
    let serving = tokio::spawn(doors.serve(app.clone(), stop.clone(), GRACE));
    let picking = spool.map(|spool| tokio::spawn(drop::pick_up(Arc::clone(&router), app, spool, stop.clone())));
    let watchdog = tokio::spawn(notify::watchdog(Arc::clone(&router), stop.clone()));
    tracing::info!(data = %router.data().display(), "ready");
    notify::ready();

    stop.cancelled().await;
    notify::stopping();
    tracing::info!("stopping");
    // All at the same time: systemd waits for the whole not much longer than the grace.
    let dispatched = async {
        dispatcher.stop(GRACE).await;
        router.settle_accounts(RENEWALS).await;
    };
    let ((), (), served, picked, watched) =
        tokio::join!(dispatched, submission.stop(GRACE), serving, ended(picking), watchdog);
    for lost in [served, picked, watched].into_iter().filter_map(Result::err) {
        tracing::error!(error = %lost, "a part of the daemon broke off");
    }
    tracing::info!("stopped");
    Ok(())
}

async fn ended(task: Option<JoinHandle<()>>) -> Result<(), JoinError> {
    match task {
        Some(task) => task.await,
        None => Ok(()),
    }
}

/// The certificate of the HTTP API, where there is one.
fn http_tls(lang: Lang, options: &Options) -> Result<Option<Arc<ServerConfig>>, Fault> {
    let read = options.listen_certificate.as_ref();
    let read = read.map(|(chain, key)| server_tls(chain, key)).transpose();
    read.map_err(|error| {
        let text = say::certificate(lang, &error.to_string());
        Fault::field(lang, "--listen-certificate", "certificate-invalid", text)
    })
}

fn cannot_listen(lang: Lang, place: &str, error: &io::Error) -> Fault {
    let text = say::cannot_listen(lang, place, &error.to_string());
    Fault::new(Status::Failed, "cannot-listen", text)
}

/// Cancelled by SIGTERM and SIGINT.
fn on_signals(site: &Site) -> Result<CancellationToken, Fault> {
    let fault = |error: io::Error| cannot_listen(site.lang, "SIGTERM", &error);
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
