//! `relais delivery watch`: a line at each change, as the API's events tell it (server-sent events, WHATWG HTML §9.2).

use axum::body::Body;
use http::Method;
use http_body_util::BodyExt;
use relais_server::api::delivery::DeliveryEvent;
use serde::de::DeserializeOwned;

use crate::client::{Client, Path};
use crate::exit::Status;
use crate::fault::Fault;
use crate::output::{self, Answer, plain};
use crate::site::Site;
use crate::texts::{client as words, delivery as say};

/// Bytes of one event at most.
const EVENT_BYTES: usize = 64 << 10;

/// Until the daemon ends, or whoever reads does.
pub async fn watch(site: &Site) -> Result<Answer, Fault> {
    let client = Client::open(site).await?;
    if !client.is_daemon() {
        return Err(Fault::new(Status::Failed, "no-daemon", words::NO_DAEMON.get(site.lang)));
    }
    let path = Path::of(["deliveries", "events"]);
    let answer = client
        .ask(Method::GET, &path, Body::empty(), "", "text/event-stream")
        .await?;
    let (mut body, mut events) = (answer.into_body(), Events::default());
    while let Some(frame) = body.frame().await {
        let lost = |error: String| Fault::new(Status::Failed, "daemon-lost", words::lost(site.lang, &error));
        let frame = frame.map_err(|error| lost(error.to_string()))?;
        for event in frame
            .data_ref()
            .into_iter()
            .flat_map(|data| events.read::<DeliveryEvent>(data))
        {
            let line = if site.json {
                output::json(&serde_json::json!(event))
            } else {
                format!("{}\n", plain(&say::now(site.lang, &event.id, &event.state)))
            };
            // Whoever closed it does not want to read on.
            if output::print(&line).is_err() {
                return Ok(Answer::silent());
            }
        }
    }
    Ok(Answer::silent())
}

/// Lines that are not whole yet, and the data of an event that has not ended.
#[derive(Default)]
pub struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
}

impl Events {
    /// The events that these bytes end. An empty line ends one; what is of another kind is left out.
    pub fn read<T: DeserializeOwned>(&mut self, bytes: &[u8]) -> Vec<T> {
        let mut ended = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() < EVENT_BYTES {
                    self.line.push(*byte);
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if line.is_empty() {
                ended.extend(serde_json::from_slice(&std::mem::take(&mut self.data)).ok());
            } else if let Some(data) = line.strip_prefix(b"data:")
                && self.data.len() + data.len() < EVENT_BYTES
            {
                self.data.extend_from_slice(data);
            }
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_the_stream_is_cut() {
        let stream = b": hello\n\nevent: delivery\ndata: {\"id\":\"a\",\"state\":\"sent\"}\n\ndata: no\r\n\r\n";
        for size in 1..stream.len() {
            let mut events = Events::default();
            let found: Vec<_> = stream
                .chunks(size)
                .flat_map(|chunk| events.read::<DeliveryEvent>(chunk))
                .collect();
            assert_eq!(found.len(), 1, "{size}");
            assert!(found.iter().all(|event| event.id == "a" && event.state == "sent"));
        }
    }
}
