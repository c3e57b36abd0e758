//! What a connector can ask of the host: one module a capability, each with one `link` that adds its functions to the
//! linker, over the session's [`State`](crate::state::State).

mod base64;
pub(crate) mod credentials;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod message;
pub(crate) mod network;
pub(crate) mod parameters;
pub(crate) mod part;
pub(crate) mod streams;
pub(crate) mod wasi;

use wasmtime::component::{HasSelf, Linker};

use crate::bindings::relais;
use crate::state::State;

/// Marks the state itself as what the bindings' traits are implemented on.
type Own = HasSelf<State>;

/// Links every capability. A guest gets functions, never authority: what each answers depends on the instance.
pub(crate) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasi::link(linker)?;
    relais::connector::failures::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::connector::streams::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::connector::parameters::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::connector::credentials::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::connector::network::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::connector::http::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::connector::log::add_to_linker::<_, Own>(linker, |state| state)?;
    relais::mail::message::add_to_linker::<_, Own>(linker, |state| state)?;
    Ok(())
}
