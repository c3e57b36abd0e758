//! The submission listener, as the command line asks for it.

use std::sync::Arc;

use relais_manifest::Lang;
use relais_router::Router;
use relais_submission::{Options as Offer, RouterIntake, Submission, server_tls};

use super::options::Options;
use crate::exit::Status;
use crate::fault::Fault;
use crate::texts::serve as say;

/// Octets of a mail at most: what the API takes.
const LARGEST: u64 = 150 << 20;

/// Opens it, where it is wanted.
pub async fn listen(lang: Lang, router: &Arc<Router>, options: &Options) -> Result<Option<Submission>, Fault> {
    let Some(address) = options.submission else {
        return Ok(None);
    };
    let fault = |error: String| {
        let text = say::cannot_listen(lang, &address.to_string(), &error);
        Fault::new(Status::Failed, "cannot-listen", text)
    };
    let mut intake = RouterIntake::new(Arc::clone(router));
    if let Some(workspace) = &options.submission_open {
        let known = router.workspace_view(workspace);
        known.map_err(|error| Fault::router(lang, &error))?;
        intake = intake.open_to_this_machine(workspace.clone(), None);
    }
    let tls = options.certificate.as_ref().map(|(chain, key)| server_tls(chain, key));
    let offer = Offer {
        address,
        tls: tls.transpose().map_err(|error| fault(error.to_string()))?,
        ..Offer::loopback(address.port(), LARGEST)
    };
    let listening = Submission::bind(offer, Arc::new(intake)).await;
    listening.map(Some).map_err(|error| fault(error.to_string()))
}
