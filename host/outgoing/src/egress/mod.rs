//! Where a connection may lead.
//!
//! The threat: a connector, or whoever sets its parameters, that reaches a machine nobody meant: another port, the host's
//! own services on loopback, a cloud's metadata service, by name, by literal, by a name that changes its address, or by an
//! address in another spelling.
//!
//! The order: name and port first, against the instance's grants; then the host resolves; then every address is judged, in
//! its canonical spelling; then the host dials the very addresses that passed. One function decides, for TCP and HTTP
//! alike: [`decide`].

mod address;
mod decide;
mod resolve;

pub use address::Reach;
pub(crate) use address::{canonical, reach};
pub use decide::{Asked, Destination, decide, entitled};
pub use resolve::{Resolve, SystemResolver};
