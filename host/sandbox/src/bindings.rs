//! The contract as Rust, made from `wit/`. Only calls that wait for something outside are asynchronous; the others cost a
//! plain function call.

#![allow(
    missing_docs,
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing
)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "relais:connectors/mail-connector",
    imports: {
        "relais:connector/streams.[method]input-stream.read": async | trappable,
        "relais:connector/streams.[method]input-stream.skip": async | trappable,
        "relais:connector/streams.[method]output-stream.write": async | trappable,
        "relais:connector/streams.[method]output-stream.splice": async | trappable,
        "relais:connector/network.[static]connection.connect": async | trappable,
        "relais:connector/network.[method]connection.start-tls": async | trappable,
        "relais:connector/network.[method]connection.authenticate": async | trappable,
        "relais:connector/http.send": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "relais:connector/streams.input-stream": crate::capability::streams::Input,
        "relais:connector/streams.output-stream": crate::capability::streams::Output,
        "relais:connector/network.connection": crate::capability::network::Connection,
        "relais:mail/message.message": crate::capability::message::MessageHandle,
        "relais:mail/message.attachment": crate::capability::message::AttachmentHandle,
    },
});
