//! Walks through a MIME line by line, once, and finds its parts: headers, leaves, and what stands between.
//!
//! The threat is a message that is read in one way here and in another by its reader, and one whose reading costs more
//! than its size. A delimiter is a line that is the boundary and nothing else but blanks (RFC 2046 section 5.1.1), looked
//! for from the innermost open multipart to the outermost; an outer one closes the inner ones. Depth, parts and headers
//! are bounded. What is flawed is decided here: a leaf is written in another way, what stands before the first part or
//! behind the last is left out, and everything else is refused.

mod ended;

use super::Fault;
use super::block::Block;
use super::leaf::Kind;
use super::lines::{Break, Flaws, Line, Lines};
use super::plan::{Place, Plan};
use super::rewrite::Changes;
use super::view::View;
use crate::frame::Piece;
use crate::reason::{Flaw, Reason};
use crate::recode::changed;
use crate::source::Content;

/// Parts of all levels.
const PARTS: usize = 1000;
/// Bytes of the message's header.
const HEADER: usize = 256 * 1024;
/// Bytes of the headers of all parts.
const HEADERS: usize = 1024 * 1024;

/// A message that was walked through.
pub(super) struct Scanned {
    pub(super) header: Block,
    /// What changes in it.
    pub(super) changes: Changes,
    pub(super) view: View,
    /// What stands behind the header, with its size in bytes.
    pub(super) pieces: Vec<Piece>,
    pub(super) size: u64,
    /// Whether a line of what passes as it is begins with a dot.
    pub(super) dotted: bool,
}

/// A multipart that is not closed yet.
struct Open {
    boundary: Vec<u8>,
    /// Where it begins, in lines.
    line: u64,
    parts: usize,
    signed: bool,
    alternative: bool,
    digest: bool,
    /// Whether a text in it may be the one that a reader is shown, and whether there was one.
    in_body: bool,
    has_body: bool,
}

/// Where the walk is.
enum Entity {
    Header {
        start: Place,
        block: Block,
    },
    Leaf(Box<Leaf>),
    /// Before the first part of a multipart, or behind the last.
    Filler {
        start: Place,
        flaws: Flaws,
    },
}

struct Leaf {
    /// Where its header begins, and its body.
    header: Place,
    start: Place,
    block: Block,
    kind: Kind,
    flaws: Flaws,
    /// Whether its header ended with an empty line.
    ended: bool,
}

struct Scan<'a> {
    content: &'a Content,
    plan: Option<Plan<'a>>,
    stack: Vec<Open>,
    /// Where the current line begins.
    here: Place,
    /// The end of the line before it, in front of its line break.
    before: Place,
    top: Option<(Block, Changes)>,
    view: View,
    parts: usize,
    headers: usize,
    dotted: bool,
}

/// Walks through `content`, waiting for the disk.
pub(super) fn scan(content: &Content) -> Result<Scanned, Fault> {
    let mut scan = Scan {
        content,
        plan: None,
        stack: Vec::new(),
        here: Place::default(),
        before: Place::default(),
        top: None,
        view: View::default(),
        parts: 0,
        headers: 0,
        dotted: false,
    };
    let mut entity = scan.header();
    let mut lines = Lines::new(content);
    let mut last = None;
    loop {
        if let Entity::Leaf(_) | Entity::Filler { .. } = entity
            && let Some(line) = lines.pass()
        {
            scan.passed(&line);
            last = Some(line);
        }
        let Some(line) = lines.next()? else { break };
        entity = scan.line(entity, &line, lines.text())?;
        scan.passed(&line);
        last = Some(line);
    }
    let last_line = last.map_or(1, |line| line.number);
    scan.end(entity, None, last_line)?;
    scan.close(0)?;
    let unended = last.is_some_and(|line| line.ends == Break::None);
    let (Some(mut plan), Some((header, changes))) = (scan.plan, scan.top) else {
        return Err(Fault::Read(changed()));
    };
    plan.pass(scan.here, unended)?;
    let (pieces, size) = plan.finish();
    Ok(Scanned {
        header,
        changes,
        view: scan.view,
        pieces,
        size,
        dotted: scan.dotted,
    })
}

impl<'a> Scan<'a> {
    fn header(&self) -> Entity {
        Entity::Header {
            start: self.here,
            block: Block::default(),
        }
    }

    /// This line was the last so far.
    fn passed(&mut self, line: &Line) {
        self.before = Place {
            at: line.start + line.len,
            ..self.here
        };
        self.here = Place {
            at: line.next(),
            lfs: self.here.lfs + u64::from(line.ends == Break::Lf),
        };
    }

    fn line(&mut self, entity: Entity, line: &Line, text: &[u8]) -> Result<Entity, Fault> {
        self.dotted |= text.starts_with(b".");
        if let Some((level, closes)) = self.delimiter(text, line) {
            self.end(entity, Some(self.here), line.number)?;
            return self.next_part(level, closes, line);
        }
        match entity {
            Entity::Header { start, block } => self.header_line(start, block, line, text),
            Entity::Leaf(mut leaf) => {
                self.check_signed(line)?;
                leaf.flaws.join(line.flaws);
                Ok(Entity::Leaf(leaf))
            }
            Entity::Filler { start, mut flaws } => {
                self.check_signed(line)?;
                flaws.join(line.flaws);
                Ok(Entity::Filler { start, flaws })
            }
        }
    }

    /// The open multipart whose delimiter this line is, and whether it closes it.
    fn delimiter(&self, text: &[u8], line: &Line) -> Option<(usize, bool)> {
        let text = text.strip_prefix(b"--").filter(|_| !line.flaws.any())?;
        self.stack.iter().enumerate().rev().find_map(|(level, open)| {
            let rest = text.strip_prefix(open.boundary.as_slice())?;
            let (rest, closes) = rest.strip_prefix(b"--").map_or((rest, false), |rest| (rest, true));
            rest.trim_ascii().is_empty().then_some((level, closes))
        })
    }

    /// Behind a delimiter: the next part of the multipart at `level`, or what follows the multipart.
    fn next_part(&mut self, level: usize, closes: bool, line: &Line) -> Result<Entity, Fault> {
        self.close(level + 1)?;
        let start = Place {
            at: line.next(),
            lfs: self.here.lfs + u64::from(line.ends == Break::Lf),
        };
        if closes {
            // An empty one is none: it was opened by this very line.
            self.close(level)?;
            let flaws = Flaws::default();
            return Ok(Entity::Filler { start, flaws });
        }
        self.parts += 1;
        if self.parts > PARTS {
            let (line, limit) = (line.number, PARTS);
            return Err(Reason::MimeTooManyParts { line, limit }.into());
        }
        if let Some(open) = self.stack.last_mut() {
            open.parts += 1;
        }
        let block = Block::default();
        Ok(Entity::Header { start, block })
    }

    /// Closes the multiparts above `level`. One without any part is not what it says.
    fn close(&mut self, level: usize) -> Result<(), Fault> {
        while self.stack.len() > level {
            if let Some(open) = self.stack.pop().filter(|open| open.parts == 0) {
                return Err(Reason::MimeContentType { line: open.line }.into());
            }
        }
        Ok(())
    }

    fn header_line(&mut self, start: Place, mut block: Block, line: &Line, text: &[u8]) -> Result<Entity, Fault> {
        // Piped from a mailbox file.
        if line.number == 1 && text.starts_with(b"From ") {
            return Ok(Entity::Header { start, block });
        }
        if line.len > 0 && block.fits(text) {
            self.check_header(line, text)?;
            let limit = if self.top.is_none() { HEADER } else { HEADERS };
            self.headers += text.len() + 2;
            if self.headers > limit {
                let line = line.number;
                return Err(Reason::MimeHeaderTooLong { line, limit }.into());
            }
            block.take(text, line.number);
            return Ok(Entity::Header { start, block });
        }
        if line.len > 0 {
            // Not a field: the body begins without an empty line before it.
            let entity = self.header_ended(start, block, self.here, false, line.number)?;
            return self.line(entity, line, text);
        }
        let body = Place {
            at: line.next(),
            lfs: self.here.lfs + u64::from(line.ends == Break::Lf),
        };
        self.header_ended(start, block, body, true, line.number)
    }

    fn check_header(&self, line: &Line, text: &[u8]) -> Result<(), Fault> {
        self.check_signed(line)?;
        match line.flaws.first() {
            None => Ok(()),
            Some(Flaw::EightBit) if std::str::from_utf8(text).is_ok() => Ok(()),
            Some(flaw) => {
                let line = line.number;
                Err(Reason::MimeHeader { line, flaw }.into())
            }
        }
    }

    fn is_signed(&self) -> bool {
        self.stack.iter().any(|open| open.signed)
    }

    fn check_signed(&self, line: &Line) -> Result<(), Fault> {
        if !line.flaws.any() {
            return Ok(());
        }
        match line.flaws.first().filter(|_| self.is_signed()) {
            Some(flaw) => {
                let line = line.number;
                Err(Reason::MimeSigned { line, flaw }.into())
            }
            None => Ok(()),
        }
    }
}
