//! What a native program does: lettre makes the MIME, reqwest sends it; a large file goes by draft and upload, from memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Message, MultiPart, SinglePart};
use relais_e2e::office::{TOKEN, USER};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::load::{Kind, Load, SUBJECT, TO};
use crate::Fault;

/// Of each PUT, as the connector has it.
const RANGE_BYTES: usize = 12 * (320 << 10);

pub struct Native {
    http: reqwest::Client,
    me: String,
}

impl Native {
    pub fn new(graph: &str) -> Result<Self, Fault> {
        let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).build()?;
        Ok(Self {
            http,
            me: format!("{graph}/v1.0/me"),
        })
    }

    pub async fn send(&self, load: &Load, kind: Kind) -> Result<(), Fault> {
        match kind {
            Kind::Text | Kind::Pdf => self.small(load, kind).await,
            Kind::Large => self.large(load).await,
        }
    }

    async fn small(&self, load: &Load, kind: Kind) -> Result<(), Fault> {
        let builder = Message::builder().from(USER.parse()?).to(TO.parse()?).subject(SUBJECT);
        let message = match load.file(kind) {
            None => builder.header(ContentType::TEXT_PLAIN).body(load.text.clone())?,
            Some(file) => {
                let pdf = Attachment::new("séance.pdf".to_owned()).body(file.to_vec(), "application/pdf".parse()?);
                let text = SinglePart::plain(load.text.clone());
                builder.multipart(MultiPart::mixed().singlepart(text).singlepart(pdf))?
            }
        };
        let request = self.http.post(format!("{}/sendMail", self.me)).bearer_auth(TOKEN);
        let request = request.header("content-type", "text/plain");
        let answer = request.body(STANDARD.encode(message.formatted())).send().await?;
        expect(answer, StatusCode::ACCEPTED).await?;
        Ok(())
    }

    async fn large(&self, load: &Load) -> Result<(), Fault> {
        let draft = json!({
            "subject": SUBJECT,
            "body": { "contentType": "text", "content": load.text },
            "from": { "emailAddress": { "address": USER } },
            "toRecipients": [{ "emailAddress": { "address": TO } }],
        });
        let draft = self.post("/messages", &draft).await?;
        let id = text(&draft, "id")?;
        let item =
            json!({ "AttachmentItem": { "attachmentType": "file", "name": "séance.pdf", "size": load.large.len() } });
        let opened = self
            .post(&format!("/messages/{id}/attachments/createUploadSession"), &item)
            .await?;
        let url = text(&opened, "uploadUrl")?;
        let size = load.large.len();
        for from in (0..size).step_by(RANGE_BYTES) {
            let to = size.min(from + RANGE_BYTES);
            let request = self
                .http
                .put(url)
                .header("content-range", format!("bytes {from}-{}/{size}", to - 1));
            let request = request.header("content-type", "application/octet-stream");
            let answer = request.body(load.large.slice(from..to)).send().await?;
            let wanted = if to == size {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            expect(answer, wanted).await?;
        }
        let request = self
            .http
            .post(format!("{}/messages/{id}/send", self.me))
            .bearer_auth(TOKEN);
        let answer = request.header("content-length", "0").send().await?;
        expect(answer, StatusCode::ACCEPTED).await?;
        Ok(())
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        let request = self.http.post(format!("{}{path}", self.me)).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await?;
        Ok(serde_json::from_slice(&expect(answer, StatusCode::CREATED).await?)?)
    }
}

fn text<'a>(answer: &'a Value, name: &str) -> Result<&'a str, Fault> {
    let found = answer.get(name).and_then(Value::as_str);
    found.ok_or_else(|| format!("an answer without `{name}`").into())
}

/// The body of an answer with this status, read so that its connection is free again.
async fn expect(answer: reqwest::Response, status: StatusCode) -> Result<bytes::Bytes, Fault> {
    let found = answer.status();
    let body = answer.bytes().await?;
    match found == status {
        true => Ok(body),
        false => Err(format!("{found}, and not {status}").into()),
    }
}
