//! One exchange of what was admitted: its time, its count, and how it ends badly.

use std::sync::Arc;
use std::time::Duration;

use relais_outgoing::{Body, ClientError, ClientFault, causes};

use super::door::{Admitted, Door, DoorError};
use super::head;
use super::underway::{Underway, Unread};
use crate::Rule;
use crate::failure::clean;
use crate::floor::Turn;
use crate::gate::Held;
use crate::observer::Event;

/// Bytes of a method in the audit.
const METHOD_BYTES: usize = 32;

/// An answer, and its place among the session's connections, kept until its body is read.
pub(crate) struct Answer {
    pub(crate) response: http::Response<Body>,
    pub(crate) unread: Unread,
}

impl Door {
    /// Sends what was admitted, and waits for the head of the answer.
    pub(crate) async fn exchange(
        &self,
        turn: Turn,
        admitted: Admitted,
        underway: Arc<Underway>,
        mut request: http::Request<Body>,
    ) -> Result<Answer, DoorError> {
        let Admitted { client, asked } = admitted;
        let context = self.context();
        let credentials = self.write(request.headers_mut()).await?;
        let bytes = head::url_bytes(request.uri()) + head::field_bytes(request.headers());
        let counted = context.meter.head(bytes);
        counted.map_err(|hit| DoorError::Limit(context.limited(hit)))?;
        let destination = asked.to_string();
        let address = [destination.as_str(), request.uri().path()].concat();
        let withdraws = context
            .service()
            .withdraws(request.method().as_str(), request.uri().path());
        if !turn.prepares() {
            context.floor.asks(turn, &address);
        }
        let method = clean(request.method().as_str(), METHOD_BYTES);
        let reached = context.floor.may_have_left();
        let leaves = context.leave(turn, bytes).await;
        leaves.map_err(|held| DoorError::Limit(context.held(held)))?;
        let answered = self.patiently(client.execute(request)).await;
        // Before anything is taken back, so that none of a body that was turned down leaves after it.
        let answer = |response: http::Response<Body>| Answer {
            unread: underway.answered(response.status()),
            response,
        };
        let answered = answered.map(|answered| answered.map(answer));
        let is_401 = |answer: &Answer| answer.response.status() == http::StatusCode::UNAUTHORIZED;
        match &answered {
            Some(Err(error)) if !error.connected => context.floor.unheard(turn, reached),
            Some(Ok(answer)) if is_401(answer) && !credentials.is_empty() => context.floor.turned_away(turn),
            _ => context.floor.settled(turn),
        }
        context.way_out.note(match &answered {
            Some(Err(ClientError {
                fault: ClientFault::Proxy(fault),
                ..
            })) => Some(fault),
            _ => None,
        });
        let status = answered
            .as_ref()
            .and_then(|answered| answered.as_ref().ok())
            .map(|answer| answer.response.status());
        context.audit.tell(Event::Requested {
            method,
            destination,
            status: status.map(|status| status.as_u16()),
        });
        let answer = answered
            .ok_or(DoorError::Timeout)?
            .map_err(|error| self.explain(&error))?;
        if is_401(&answer) {
            // The answer is the guest's to read; what the host learns of it is that the token is worth nothing there.
            for credential in &credentials {
                credential.refused(context);
            }
        }
        // The request left: this is no limit that kept it, and may not be read as one.
        let arrived = context.meter.arrived(head::field_bytes(answer.response.headers()));
        arrived.map_err(|limit| DoorError::Failed(context.limited(limit)))?;
        if !context.floor.turn().is_of(turn) {
            return Err(DoorError::Failed(Held::Over.to_string()));
        }
        if !turn.prepares() {
            context.floor.heard_status(answer.response.status().as_u16());
        }
        if withdraws && answer.response.status().is_success() {
            context.floor.withdrawn(turn, &address);
        }
        Ok(answer)
    }

    /// Waits as long as something moves: a big body on a slow line is no silence.
    async fn patiently<T>(&self, answer: impl Future<Output = T>) -> Option<T> {
        let context = self.context();
        let mut answer = std::pin::pin!(answer);
        loop {
            let left = context.limits.silence.saturating_sub(context.meter.silence());
            match tokio::time::timeout(left.max(Duration::from_millis(1)), &mut answer).await {
                Ok(answer) => return Some(answer),
                Err(_) if context.meter.silence() >= context.limits.silence => return None,
                Err(_) => {}
            }
        }
    }

    fn explain(&self, error: &ClientError) -> DoorError {
        for cause in causes(error) {
            if let Some(rule) = cause.downcast_ref::<Rule>() {
                return DoorError::Refused(rule.to_string());
            }
            if let Some(held) = cause.downcast_ref::<Held>() {
                return DoorError::Limit(self.context().held(*held));
            }
        }
        match error.fault.clone() {
            ClientFault::Refused(refused) => DoorError::Refused(refused.to_string()),
            ClientFault::Proxy(fault) => DoorError::Unreachable(fault.to_string()),
            ClientFault::Unreachable(text) => DoorError::Unreachable(text),
            ClientFault::Tls(text) => DoorError::Tls(text),
            ClientFault::Timeout => DoorError::Timeout,
            ClientFault::Failed(text) => DoorError::Failed(text),
        }
    }
}
