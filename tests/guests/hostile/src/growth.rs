//! Takes without end: time, memory, stack, handles, the host's own memory.

use std::hint::black_box;
use std::time::Duration;

use relais_sdk::http::{self, Chunk, Field, Request};
use relais_sdk::log::{self, Level};
use relais_sdk::message::{Addressing, Framing, Message};
use relais_sdk::network::{Connection, Security};

use crate::fetch::Upload;
use crate::{Outcome, Settings, told};

pub(crate) fn endless_loop() -> Outcome {
    loop {
        black_box(());
    }
}

/// Waits in the host, which costs no time on the processor.
pub(crate) fn sleep() -> Outcome {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

pub(crate) fn memory() -> Outcome {
    loop {
        std::mem::forget(black_box(vec![1_u8; 1 << 20]));
    }
}

pub(crate) fn recursion() -> Outcome {
    // A number that the compiler does not know.
    let start = std::env::args().count() as u64;
    Err(told(deeper(start)))
}

/// Keeps nothing in linear memory, so that the engine's stack is what ends.
#[inline(never)]
fn deeper(n: u64) -> u64 {
    if n == u64::MAX {
        return n;
    }
    deeper(n + 1).rotate_left(7) ^ n
}

pub(crate) fn huge_log_line() -> Outcome {
    log::write(Level::Info, &"a".repeat(200 << 20));
    Err(told("the host took a line of 200 MiB"))
}

pub(crate) fn huge_header(settings: &Settings, bytes: usize) -> Outcome {
    let request = Request {
        method: "GET".to_owned(),
        url: settings.url.clone().unwrap_or_default(),
        headers: vec![Field {
            name: "x-huge".to_owned(),
            value: "a".repeat(bytes),
        }],
        body: Vec::new(),
    };
    Err(told(http::send(&request).map(|response| response.status)))
}

pub(crate) fn log_flood() -> Outcome {
    loop {
        log::write(Level::Info, "another line");
    }
}

pub(crate) fn print_flood() -> Outcome {
    loop {
        println!("another line");
    }
}

/// Opens connections until the host says no, and holds them all.
pub(crate) fn connections(settings: &Settings) -> Outcome {
    let mut held = Vec::new();
    loop {
        match Connection::connect(&settings.host, settings.port, Security::Plain) {
            Ok(connection) => held.push(connection),
            Err(error) => return Err(told(error).with_detail("held", held.len().to_string())),
        }
    }
}

/// Large bodies for a server that answers and takes none of them; drops each answer, and begins the next. It comes to an end,
/// since a host that holds them all could only be told by its memory.
pub(crate) fn bodies_left_behind(settings: &Settings) -> Outcome {
    let body = vec![b'x'; 16 << 20];
    for count in 0..10 {
        let request = Request {
            method: "POST".to_owned(),
            url: settings.url.clone().unwrap_or_default(),
            headers: Vec::new(),
            body: vec![Chunk::Bytes(body.clone())],
        };
        if let Err(error) = http::send(&request) {
            return Err(told(error).with_detail("held", count.to_string()));
        }
    }
    Err(told("the host holds ten bodies"))
}

/// Requests without a body, of which a server need take none to answer.
pub(crate) fn heads(settings: &Settings) -> Outcome {
    for count in 0..100 {
        let request = Request {
            method: "GET".to_owned(),
            url: settings.url.clone().unwrap_or_default(),
            headers: vec![Field {
                name: "x-large".to_owned(),
                value: "x".repeat(100 << 10),
            }],
            body: Vec::new(),
        };
        if let Err(error) = http::send(&request) {
            return Err(told(error).with_detail("sent", count.to_string()));
        }
    }
    Err(told("the host takes heads without end"))
}

/// Bodies left behind by `wasi:http`, which it never ends.
pub(crate) fn fetches_left_open(settings: &Settings) -> Outcome {
    let mut held = Vec::new();
    for count in 0..10 {
        match Upload::begin(settings.url.as_deref().unwrap_or_default(), None)?.answered() {
            Ok(upload) => held.push(upload),
            Err(error) => return Err(error.with_detail("held", count.to_string())),
        }
    }
    Err(told("the host holds ten bodies"))
}

/// Asks for what it may not have, and does not listen.
pub(crate) fn refusals() -> Outcome {
    loop {
        let _ = black_box(Connection::connect("elsewhere.example", 25, Security::Plain));
    }
}

/// Names of 30 MB, one after the other: the host copies each, refuses it, and waits for nothing. It comes to an end, since a
/// host that does not count such work may not yield either, and a test could only hang.
pub(crate) fn long_hosts() -> Outcome {
    let host = "a".repeat(30_000_000);
    for _ in 0..300 {
        let _ = black_box(Connection::connect(&host, 25, Security::Plain));
    }
    Err(told("the host took 300 names of 30 MB"))
}

pub(crate) fn streams(message: &Message) -> Outcome {
    let mut held = Vec::new();
    loop {
        held.push(message.mime(Addressing::Written, Framing::Raw));
    }
}

/// A request with a million header fields whose names and values all lie over the same 64 KiB: 16 MiB in the guest, 128 GiB
/// in a host that copies.
#[cfg(target_family = "wasm")]
pub(crate) fn million_strings() -> Outcome {
    /// A string as the canonical ABI lays it out in memory.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Text(*const u8, usize);

    #[link(wasm_import_module = "relais:connector/http@0.1.0")]
    unsafe extern "C" {
        #[link_name = "send"]
        fn send(
            method: *const u8,
            method_bytes: usize,
            url: *const u8,
            url_bytes: usize,
            fields: *const [Text; 2],
            field_count: usize,
            body: *const u8,
            body_pieces: usize,
            answer: *mut [u64; 4],
        );
    }

    let same = "a".repeat(64 << 10);
    let text = Text(same.as_ptr(), same.len());
    let fields = vec![[text, text]; 1_000_000];
    let (method, url) = ("GET", "http://127.0.0.1/");
    let mut answer = [0; 4];
    // SAFETY: this is the signature that the canonical ABI gives `http.send`. Every pointer is followed by the length of
    // what it points to, which lives until the call is over and which the host only reads; the answer takes 20 bytes.
    unsafe {
        send(
            method.as_ptr(),
            method.len(),
            url.as_ptr(),
            url.len(),
            fields.as_ptr(),
            fields.len(),
            std::ptr::dangling(),
            0,
            &raw mut answer,
        );
    }
    Err(told("the host took a million fields"))
}

/// Only a component has the canonical ABI.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn million_strings() -> Outcome {
    Err(told("the canonical ABI is a component's"))
}
