//! What is decided where something ends: behind a header, what its part is; behind a leaf, how it is written.

use super::{Entity, Leaf, Open, Scan};
use crate::mime::Fault;
use crate::mime::block::Block;
use crate::mime::leaf::{self, Kind};
use crate::mime::lines::Flaws;
use crate::mime::plan::{Place, Plan};
use crate::mime::rewrite::{self, Changes};
use crate::reason::Reason;
use crate::recode::{Recode, changed};

/// Levels of multiparts.
const DEPTH: usize = 16;
/// Bytes of a boundary. RFC 2046 section 5.1.1 allows 70.
const BOUNDARY: usize = 200;

impl Scan<'_> {
    /// Behind a header, which `ended` with an empty line, or did not: what its part is.
    pub(super) fn header_ended(
        &mut self,
        start: Place,
        block: Block,
        body: Place,
        ended: bool,
        line: u64,
    ) -> Result<Entity, Fault> {
        let parent = self.stack.last();
        let kind = Kind::read(&block, parent.is_some_and(|open| open.digest))?;
        let is_top = self.top.is_none();
        if is_top {
            self.plan = Some(Plan::new(self.content, body));
            // The limit for the parts counts from here.
            self.headers = 0;
        }
        if !kind.is("multipart") {
            let mut leaf = Leaf {
                header: start,
                start: body,
                block,
                kind,
                flaws: Flaws::default(),
                ended,
            };
            if is_top {
                self.top = Some((std::mem::take(&mut leaf.block), Changes::default()));
            }
            return Ok(Entity::Leaf(Box::new(leaf)));
        }
        let changes = Changes {
            encoding: kind.encoding.is_wide().then_some("7bit"),
            content_type: None,
        };
        self.open(&block, &kind, line)?;
        if is_top {
            self.top = Some((block, changes));
        } else if !self.stack.iter().rev().skip(1).any(|open| open.signed)
            && (changes.encoding.is_some() || !ended || !block.is_ascii())
        {
            self.write_header(start, &block, &changes, body)?;
        }
        let flaws = Flaws::default();
        Ok(Entity::Filler { start: body, flaws })
    }

    fn open(&mut self, block: &Block, kind: &Kind, line: u64) -> Result<(), Fault> {
        let line = block.all("Content-Type").next().map_or(line, |entry| entry.line);
        let boundary = kind.typed.parameter("boundary").unwrap_or_default().trim_end();
        if boundary.is_empty() || boundary.len() > BOUNDARY || !boundary.is_ascii() {
            return Err(Reason::MimeContentType { line }.into());
        }
        if self.stack.len() >= DEPTH {
            let limit = DEPTH;
            return Err(Reason::MimeTooDeep { line, limit }.into());
        }
        let subtype = kind.typed.kind.split_once('/').map_or("", |(_, subtype)| subtype);
        self.stack.push(Open {
            boundary: boundary.as_bytes().to_vec(),
            line,
            parts: 0,
            signed: subtype == "signed",
            alternative: subtype == "alternative",
            digest: subtype == "digest",
            in_body: self.in_body(),
            has_body: false,
        });
        Ok(())
    }

    /// Whether a text that begins here may be the one that a reader is shown.
    fn in_body(&self) -> bool {
        self.stack
            .last()
            .is_none_or(|open| open.in_body && (open.alternative || !open.has_body))
    }

    /// Ends what the walk is in, in front of the delimiter that begins at `delimiter`, or with the message.
    pub(super) fn end(&mut self, entity: Entity, delimiter: Option<Place>, line: u64) -> Result<(), Fault> {
        let end = delimiter.unwrap_or(self.here);
        match entity {
            Entity::Header { start, block } => {
                let entity = self.header_ended(start, block, end, false, line)?;
                match entity {
                    Entity::Leaf(leaf) => self.end_leaf(*leaf, delimiter),
                    _ => Ok(()),
                }
            }
            Entity::Leaf(leaf) => self.end_leaf(*leaf, delimiter),
            Entity::Filler { start, flaws } => {
                if flaws.any()
                    && let Some(plan) = &mut self.plan
                {
                    plan.pass(start, false)?;
                    plan.skip(end);
                }
                Ok(())
            }
        }
    }

    fn end_leaf(&mut self, leaf: Leaf, delimiter: Option<Place>) -> Result<(), Fault> {
        // The line break in front of a delimiter belongs to it.
        let end = match delimiter {
            Some(place) if place.at > leaf.start.at => self.before,
            Some(place) => place,
            None => self.here,
        };
        let (start, len) = (leaf.start.at, end.at.saturating_sub(leaf.start.at));
        let body = self.content.slice(start, len).ok_or_else(|| Fault::Read(changed()))?;
        let in_body = self.in_body();
        let top = self.top.as_ref().filter(|_| self.parts == 0);
        let block = top.map_or(&leaf.block, |(block, _)| block);
        if self.view.take(block, &leaf.kind, in_body, body.clone())? {
            self.stack.iter_mut().for_each(|open| open.has_body = true);
        }
        if self.is_signed() {
            return Ok(());
        }
        let unix = end.lfs > leaf.start.lfs;
        let way = leaf::way(&leaf.kind, leaf.flaws, unix, delimiter.is_none(), &body)?;
        if self.parts == 0 {
            if let Some((_, changes)) = &mut self.top {
                *changes = way.changes;
            }
        } else if way.changes != Changes::default() || !leaf.ended || !leaf.block.is_ascii() {
            self.write_header(leaf.header, &leaf.block, &way.changes, leaf.start)?;
        }
        let (Some(recode), Some(plan)) = (way.recode, &mut self.plan) else {
            return Ok(());
        };
        plan.pass(leaf.start, false)?;
        let size = plan.recode(start, len, recode)?;
        plan.skip(delimiter.unwrap_or(self.here));
        // In front of a delimiter stands a line break, and base64 has written its own.
        let in_base64 = matches!(recode, Recode::Base64 | Recode::Rewrapped);
        if delimiter.is_some() && !(in_base64 && size > 0) {
            plan.text(b"\r\n".to_vec());
        }
        Ok(())
    }

    /// Writes the header of a part, which stands from `start` to `body`.
    fn write_header(&mut self, start: Place, block: &Block, changes: &Changes, body: Place) -> Result<(), Fault> {
        let text = rewrite::part(block, changes)?;
        if let Some(plan) = &mut self.plan {
            plan.pass(start, false)?;
            plan.text(text);
            plan.skip(body);
        }
        Ok(())
    }
}
