//! A machine that a connector tries to reach: it counts who comes and keeps what they say, and can answer one HTTP request.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::host::in_time;

/// What this test says to find its own connection among the others.
const MARK: &[u8] = b"the test itself";

pub struct Peer {
    pub port: u16,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Peer {
    /// Listens, and never says a word.
    pub async fn silent() -> Self {
        Self::answering("").await
    }

    /// Answers each HTTP request's head with this.
    pub async fn answering(answer: &str) -> Self {
        Self::answering_after(&[""], answer).await
    }

    /// Answers each HTTP request with this once its head and one of these texts have come.
    pub async fn answering_after(texts: &'static [&'static str], answer: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (heard.clone(), answer.to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut all = all.lock().unwrap();
                    all.push(Vec::new());
                    all.len() - 1
                };
                tokio::spawn(listen(stream, texts, answer.clone(), all.clone(), number));
            }
        });
        Self { port, heard }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/mails", self.port)
    }

    /// What each connection said. Connections are accepted in the order in which they are made, so once this one's mark is
    /// read, all that came before it were counted.
    pub async fn heard(&self) -> Vec<Vec<u8>> {
        let mut own = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        own.write_all(MARK).await.unwrap();
        in_time(async {
            loop {
                let mut heard = self.heard.lock().unwrap().clone();
                if let Some(own) = heard.iter().position(|said| said.as_slice() == MARK) {
                    heard.remove(own);
                    // The mark is of no later question.
                    self.heard.lock().unwrap()[own] = b"an earlier mark".to_vec();
                    return heard;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Whether one of these texts came, on whichever connection.
    pub fn has_heard(&self, texts: &'static [&'static str]) -> impl Fn() -> bool + Send + Sync + 'static {
        let all = self.heard.clone();
        move || {
            let all = all.lock().unwrap();
            all.iter().any(|said| texts.iter().any(|text| holds(said, text)))
        }
    }

    /// Nobody came.
    pub async fn assert_untouched(&self) {
        assert_eq!(self.heard().await, Vec::<Vec<u8>>::new(), "somebody got through");
    }
}

async fn listen(
    mut stream: TcpStream,
    texts: &'static [&'static str],
    answer: String,
    all: Arc<Mutex<Vec<Vec<u8>>>>,
    number: usize,
) {
    let mut bytes = [0; 4096];
    let mut answered = answer.is_empty();
    while let Ok(read @ 1..) = stream.read(&mut bytes).await {
        let asked = {
            let said = &mut all.lock().unwrap()[number];
            said.extend_from_slice(&bytes[..read]);
            holds(said, "\r\n\r\n") && texts.iter().any(|text| holds(said, text))
        };
        if asked && !answered {
            answered = true;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

fn holds(said: &[u8], text: &str) -> bool {
    text.is_empty() || said.windows(text.len()).any(|part| part == text.as_bytes())
}

/// An answer without content.
pub fn answer(status: &str, header: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\n\r\n")
}
