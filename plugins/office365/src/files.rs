//! Attachments as Graph's JSON, their content a stream of the host's in the middle of it.

use serde_json::{Map, Value, json};

use crate::wire::{Chunk, File};

/// What a file without a name is called: Graph wants one.
const NAMELESS: &str = "attachment";

/// JSON that is composed here, with streams in it.
#[derive(Debug)]
pub struct Composed<S> {
    chunks: Vec<Chunk<S>>,
    text: String,
}

impl<S> Default for Composed<S> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            text: String::new(),
        }
    }
}

impl<S> Composed<S> {
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn stream(&mut self, stream: S) {
        if !self.text.is_empty() {
            self.chunks
                .push(Chunk::Bytes(std::mem::take(&mut self.text).into_bytes()));
        }
        self.chunks.push(Chunk::Stream(stream));
    }

    pub fn done(mut self) -> Vec<Chunk<S>> {
        if !self.text.is_empty() {
            self.chunks.push(Chunk::Bytes(self.text.into_bytes()));
        }
        self.chunks
    }
}

/// A `fileAttachment`.
pub fn write<F: File>(file: &F, out: &mut Composed<F::Stream>) {
    let mut head = described(file);
    head.insert("@odata.type".to_owned(), "#microsoft.graph.fileAttachment".into());
    out.text(&without_its_end(&head));
    // Base64 holds nothing that JSON would escape.
    out.text(",\"contentBytes\":\"");
    out.stream(file.base64());
    out.text("\"}");
}

/// Bytes of [`write`], or a few more.
pub fn written_size(file: &impl File) -> u64 {
    let head = Value::Object(described(file)).to_string().len() as u64 + 100;
    head.saturating_add(file.size().div_ceil(3).saturating_mul(4))
}

/// What opens an upload of the file.
pub fn upload(file: &impl File) -> Value {
    let mut item = described(file);
    item.insert("attachmentType".to_owned(), "file".into());
    item.insert("size".to_owned(), file.size().into());
    json!({ "AttachmentItem": item })
}

/// A message as JSON, with these files among its members. `{…,"attachments":[…]}`.
pub fn with_files<F: File>(message: &Map<String, Value>, files: &[&F], out: &mut Composed<F::Stream>) {
    out.text(&without_its_end(message));
    if !files.is_empty() {
        out.text(",\"attachments\":[");
        for (index, file) in files.iter().enumerate() {
            if index > 0 {
                out.text(",");
            }
            write(*file, out);
        }
        out.text("]");
    }
    out.text("}");
}

/// An object that has members, without its closing brace.
fn without_its_end(object: &Map<String, Value>) -> String {
    let mut text = Value::Object(object.clone()).to_string();
    text.pop();
    text
}

fn described(file: &impl File) -> Map<String, Value> {
    let mut item = Map::new();
    let name = file.name().filter(|name| !name.is_empty());
    item.insert("name".to_owned(), name.unwrap_or_else(|| NAMELESS.to_owned()).into());
    item.insert("contentType".to_owned(), file.content_type().into());
    if let Some(id) = file.content_id() {
        item.insert("isInline".to_owned(), true.into());
        item.insert("contentId".to_owned(), id.into());
    }
    item
}
