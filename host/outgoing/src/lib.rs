//! Every connection that leaves: whether it may, where it leads, how it is made, and who is found at the other end.
//!
//! The way through: [`entitled`] finds the grant that covers what was asked → [`Outgoing::dial`] resolves, lets [`decide`] judge and
//! dials the very addresses that passed → [`Tls`] verifies the certificate. [`Outgoing::client`] is the same for HTTP. Nothing that
//! leaves has a way of its own.
//!
//! The threat: whoever names a destination (a connector's code, a parameter, a provider's answer) means another machine than was
//! granted: the host's own services, a cloud's metadata service, a neighbour. Whoever sits on the way means to read or to answer.

mod body;
mod client;
mod dial;
mod drive;
mod egress;
mod line;
mod outgoing;
mod proxy;
mod refused;
mod roots;
mod secret;
mod settings;
mod tls;

pub use body::{Body, BodyError};
pub use client::{Client, ClientError, ClientFault, OnRefused};
pub use dial::{DialError, Dialled};
pub use egress::{Asked, Destination, Reach, Resolve, SystemResolver, decide, entitled};
pub use outgoing::Outgoing;
pub use proxy::{Exceptions, Proxy, ProxyError, ProxyFault, Way};
pub use refused::Refused;
pub use roots::Roots;
pub use secret::Secret;
pub use settings::{SettingError, Settings};
pub use tls::{Fault, Tls, causes, describe, fingerprint, hex, rustls_error};
