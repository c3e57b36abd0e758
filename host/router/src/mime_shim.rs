use relais_message::{FieldError, Limits, Message, Source};

#[derive(Debug)]
pub struct MimeDraft {
    pub source: Source,
    pub sender: Option<String>,
    pub recipients: Vec<String>,
    pub recipients_from_header: bool,
    pub default_from: Option<String>,
}
impl MimeDraft {
    pub fn accept(self, _: &Limits) -> Result<Message, Vec<FieldError>> {
        Err(Vec::new())
    }
}
