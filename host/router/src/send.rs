//! One message, from a draft to the remote's answer: which instance, from whom, checked, sent.

use std::time::{Duration, Instant};

use relais_message::{Draft, Limits, Message};
use relais_sandbox::Receipt;

use crate::error::{Error, SendError};
use crate::names::{InstanceName, WorkspaceName};
use crate::resolve::Route;
use crate::router::Router;

/// What became of a message that a remote took for at least one recipient.
#[derive(Debug, Clone)]
pub struct Sent {
    pub message: Message,
    /// The instance that sent it.
    pub instance: InstanceName,
    pub receipt: Receipt,
    /// Making the sandbox and its component instance.
    pub instantiated_in: Duration,
    /// All until the connector was ready: its secrets opened, its code mapped, the sandbox made.
    pub opened_in: Duration,
    /// The connector's call.
    pub took: Duration,
}

impl Router {
    /// Checks a draft, without sending it, for the instance that would send it: the one that `via` names, else the default of
    /// the service. A draft without `from` gets the sender of that instance.
    pub fn check_send(
        &self,
        ws: &WorkspaceName,
        mut draft: Draft,
        via: Option<&InstanceName>,
    ) -> Result<(InstanceName, Message), Error> {
        let route = via.map_or(Route::Default, |via| Route::Connector(via.clone()));
        let resolved = self.resolve(ws, &route)?;
        if draft.from.is_none() {
            draft.from.clone_from(&resolved.sender);
        }
        let message = draft.accept(&Limits::default()).map_err(SendError::Message)?;
        Ok((resolved.instance.clone(), message))
    }

    /// Sends a draft, in a session of its own. An error after the message was handed over is [`SendError::Failed`]; its
    /// failure says whether the message may have left.
    pub async fn send(&self, ws: &WorkspaceName, draft: Draft, via: Option<&InstanceName>) -> Result<Sent, Error> {
        let (instance, message) = self.check_send(ws, draft, via)?;
        let start = Instant::now();
        let mut session = self.open_session(ws, &instance).await?;
        let opened_in = start.elapsed();
        let instantiated_in = session.instantiated_in();
        let start = Instant::now();
        let answer = session.send(&message).await;
        let took = start.elapsed();
        session.close().await;
        match answer {
            Ok(receipt) => Ok(Sent {
                message,
                instance,
                receipt,
                instantiated_in,
                opened_in,
                took,
            }),
            Err(failure) => {
                let message_id = message.id().to_owned();
                Err(SendError::Failed {
                    instance,
                    message_id,
                    failure: Box::new(failure),
                }
                .into())
            }
        }
    }
}
