//! Attachments that are files: looked at when the message is accepted, read when it is sent.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;
use std::path::Path;

use relais_message::{Addressing, DraftAttachment, Framing, Limits, Message, Reason, Source};
use support::*;

fn file(path: &Path) -> DraftAttachment {
    DraftAttachment {
        name: Some("a.pdf".into()),
        content_type: None,
        content_id: None,
        source: Source::File { path: path.into() },
    }
}

fn with_file(path: &Path) -> Message {
    let mut draft = draft();
    draft.text = Some("text\n".into());
    draft.attachments.push(file(path));
    accept(draft)
}

fn refusal(path: &Path) -> (String, Reason) {
    let mut draft = draft();
    draft.attachments.push(file(path));
    let error = draft.accept(&Limits::default()).unwrap_err().remove(0);
    (error.field, error.reason)
}

/// Reads a MIME to its end, or to its failure, which must then come again.
fn outcome(message: &Message) -> Result<usize, String> {
    let mut body = message.mime(Addressing::Written, Framing::DotStuffed);
    runtime().block_on(async {
        let mut size = 0;
        loop {
            match body.next().await {
                Ok(Some(block)) => size += block.len(),
                Ok(None) => return Ok(size),
                Err(error) => {
                    assert!(body.next().await.is_err(), "a failed body ended well");
                    return Err(error.to_string());
                }
            }
        }
    })
}

#[test]
fn files_of_every_size_arrive_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    for size in [
        0usize, 1, 57, 47_000, 47_880, 65_536, 196_607, 196_608, 196_609, 500_001,
    ] {
        let content: Vec<u8> = (0..size).map(|i| (i % 253) as u8).collect();
        let path = folder.path().join(size.to_string());
        fs::write(&path, &content).unwrap();
        let message = with_file(&path);
        let mime = read(message.mime(Addressing::Written, Framing::Raw));
        assert_eq!(mime.len() as u64, message.size());
        assert_wire_safe(&mime);
        assert!(Part::parse(&mime).parts[1].body == content, "{size}");
        assert!(read(message.attachments()[0].content()) == content, "{size}");
        assert_eq!(message.attachments()[0].size(), size as u64);
        assert_eq!(
            unstuff(&read(message.mime(Addressing::Written, Framing::DotStuffed))),
            mime
        );
    }
}

#[test]
fn what_is_not_a_readable_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.pdf");
    let shown = missing.display().to_string();
    assert_eq!(
        refusal(&missing),
        ("attachments[0]".into(), Reason::FileMissing { path: shown.clone() })
    );
    assert!(Reason::FileMissing { path: shown.clone() }.text("fr").contains(&shown));
    let shown = folder.path().display().to_string();
    assert_eq!(refusal(folder.path()).1, Reason::FileNotRegular { path: shown });
    assert!(matches!(
        refusal(Path::new("/dev/zero")).1,
        Reason::FileNotRegular { .. }
    ));
}

#[test]
fn a_file_that_changed_its_size_fails_and_is_never_cut_or_stretched() {
    let folder = tempfile::tempdir().unwrap();
    for (before, after) in [(100_000, 99_999), (100_000, 100_001), (0, 1), (1, 0), (100_000, 0)] {
        let path = folder.path().join("a");
        fs::write(&path, vec![1; before]).unwrap();
        let message = with_file(&path);
        assert!(outcome(&message).is_ok());
        fs::write(&path, vec![1; after]).unwrap();
        let error = outcome(&message).unwrap_err();
        assert!(
            error.contains("changed") && error.contains(&before.to_string()),
            "{error}"
        );
    }
}

#[test]
fn a_file_that_grows_or_shrinks_while_it_is_read_fails() {
    let folder = tempfile::tempdir().unwrap();
    for after in [450_000, 550_000] {
        let path = folder.path().join("a");
        fs::write(&path, vec![1; 500_000]).unwrap();
        let message = with_file(&path);
        let mut body = message.mime(Addressing::Written, Framing::Raw);
        runtime().block_on(async {
            assert!(body.next().await.unwrap().is_some());
            fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(after)
                .unwrap();
            let end = loop {
                match body.next().await {
                    Ok(Some(_)) => {}
                    end => break end,
                }
            };
            assert!(end.is_err(), "{after}");
        });
    }
}

#[test]
fn a_body_is_read_on_whichever_thread() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, vec![1; 500_000]).unwrap();
    let message = with_file(&path);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let mut body = message.mime(Addressing::Written, Framing::Raw);
            runtime.spawn(async move {
                let mut size = 0;
                while let Some(block) = body.next().await.unwrap() {
                    size += block.len() as u64;
                }
                size
            })
        })
        .collect();
    for task in tasks {
        assert_eq!(runtime.block_on(task).unwrap(), message.size());
    }
}

#[test]
fn a_file_that_went_away_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "x").unwrap();
    let message = with_file(&path);
    fs::remove_file(&path).unwrap();
    assert!(outcome(&message).is_err());
}

#[test]
fn a_body_that_failed_fails_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "x").unwrap();
    let message = with_file(&path);
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    runtime().block_on(async {
        fs::remove_file(&path).unwrap();
        assert!(body.next().await.is_err());
        fs::write(&path, "x").unwrap();
        assert!(body.next().await.is_err());
    });
    assert!(outcome(&message).is_ok());
}

#[test]
fn a_big_file_that_changed_is_seen_before_any_of_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, vec![1; 1_000_000]).unwrap();
    let message = with_file(&path);
    fs::write(&path, vec![1; 999_999]).unwrap();
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    assert!(runtime().block_on(body.next()).is_err());
}

#[test]
fn a_read_that_was_given_up_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    fs::write(&path, vec![7; 900_000]).unwrap();
    let message = with_file(&path);
    let whole = read(message.mime(Addressing::Written, Framing::Raw));
    let mut body = message.mime(Addressing::Written, Framing::Raw);
    runtime().block_on(async {
        let mut out = Vec::new();
        let mut dropped = 0;
        loop {
            // Polled once and dropped, as a time limit does.
            let polled = tokio::select! {
                biased;
                block = body.next() => Some(block),
                () = std::future::ready(()) => None,
            };
            let block = match polled {
                Some(block) => block,
                None => {
                    dropped += 1;
                    body.next().await
                }
            };
            match block.unwrap() {
                Some(block) => out.extend_from_slice(&block),
                None => break,
            }
        }
        assert!(dropped > 0, "no read was given up");
        assert!(out == whole);
    });
}
