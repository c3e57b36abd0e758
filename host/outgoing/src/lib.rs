//! Every connection that leaves: whether it may, where it leads, how it is made, and who is found at the other end.
//!
//! The way through: [`entitled`] finds the grant that covers what was asked → [`Outgoing::dial`] resolves, lets [`decide`] judge and
//! dials the very addresses that passed → [`Tls`] verifies the certificate. [`Outgoing::client`] is the same for HTTP. Nothing that
//! leaves has a way of its own.
//!
//! The threat: whoever names a destination (a connector's code, a parameter, a provider's answer) means another machine than was
//! granted: the host's own services, a cloud's metadata service, a neighbour. Whoever sits on the way means to read or to answer.

mod client;
mod dial;
mod egress;
mod outgoing;
mod refused;
mod secret;
mod tls;

pub use client::{Body, Client, ClientError, ClientFault, OnRefused};
pub use dial::{DialError, Dialled};
pub use egress::{Asked, Destination, Reach, Resolve, SystemResolver, decide, entitled};
pub use outgoing::Outgoing;
pub use refused::Refused;
pub use secret::Secret;
pub use tls::{Fault, Tls, causes, describe, fingerprint, hex, rustls_error};
