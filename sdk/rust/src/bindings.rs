//! What `wit-bindgen` makes of the contract in `wit/`.
//!
//! Modules follow the packages: `relais::connector::network` is the interface `network` of `relais:connector`. The crate's
//! root has shorter names for what connectors use.

#![allow(
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![allow(clippy::todo, clippy::unimplemented)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "mail-connector",
    generate_all,
    pub_export_macro: true,
    default_bindings_module: "relais_sdk::bindings",
});
