//! The submission listeners, as the command line asks for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use relais_manifest::Lang;
use relais_router::Router;
use relais_server::Limiter;
use relais_submission::{Options as Offer, RouterIntake, Submission, server_tls};

use super::options::Options;
use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::serve as say;

/// Octets of a mail at most: what the API takes, less what the listener writes above it.
const LARGEST: u64 = (150 << 20) - (1 << 10);

/// Those that are open: the one in clear until STARTTLS, and the one under TLS from the first octet.
#[derive(Debug, Default)]
pub struct Open(Vec<Submission>);

impl Open {
    /// Ends them, at the same time.
    pub async fn stop(self, grace: Duration) {
        let stopping: Vec<_> = self
            .0
            .into_iter()
            .map(|listener| tokio::spawn(listener.stop(grace)))
            .collect();
        for stopped in stopping {
            if let Err(error) = stopped.await {
                tracing::error!(%error, "a submission listener broke off");
            }
        }
    }
}

/// Opens those that are wanted. A token has one rate by whichever it comes, and over HTTP.
pub async fn listen(
    lang: Lang,
    router: &Arc<Router>,
    options: &Options,
    limiter: &Arc<Limiter>,
) -> Result<Open, Fault> {
    let wanted = [(options.submission, false), (options.submission_tls, true)];
    let wanted = wanted.map(|(address, implicit)| address.map(|address| (address, implicit)));
    let mut intake = RouterIntake::new(Arc::clone(router));
    if let Some(workspace) = &options.submission_open {
        let known = router.workspace_view(workspace);
        known.map_err(|error| Fault::router(lang, &error))?;
        intake = intake.open_to_this_machine(workspace.clone(), None);
    }
    let pace = Arc::clone(limiter);
    let intake = Arc::new(intake.paced(move |who| pace.admits(who)));
    let tls = options.certificate.as_ref().map(|(chain, key)| server_tls(chain, key));
    let tls = tls.transpose().map_err(|error| {
        let text = say::certificate(lang, &error.to_string());
        Fault::field(lang, "--submission-certificate", "certificate-invalid", text)
    })?;
    let mut open = Open::default();
    for (address, implicit) in wanted.into_iter().flatten() {
        let offer = Offer {
            address,
            name: options.submission_name.clone(),
            tls: tls.clone(),
            implicit,
            ..Offer::loopback(address.port(), LARGEST)
        };
        let listening = Submission::bind(offer, Arc::clone(&intake)).await;
        open.0
            .push(listening.map_err(|error| cannot_listen(lang, address, &error.to_string()))?);
    }
    Ok(open)
}

fn cannot_listen(lang: Lang, address: SocketAddr, error: &str) -> Fault {
    let text = say::cannot_listen(lang, &address.to_string(), error);
    Fault::new(Status::Failed, "cannot-listen", text)
}
