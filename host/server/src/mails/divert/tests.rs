#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::*;

/// The document without its files, and the files.
fn divert(document: &str, piece: usize) -> Result<(Value, Vec<Vec<u8>>), Wrong> {
    let mut scanner = Divert::new(1 << 20);
    let mut found = Vec::new();
    for piece in document.as_bytes().chunks(piece) {
        let ended = found.iter().filter(|found| **found == Found::End).count();
        scanner.feed(piece, ended, &mut found)?;
    }
    let mut files = vec![Vec::new()];
    for one in found {
        match one {
            Found::Bytes(bytes) => files.last_mut().unwrap().extend(bytes),
            Found::End => files.push(Vec::new()),
        }
    }
    files.pop();
    let rest = serde_json::from_slice(&scanner.finish());
    Ok((rest.map_err(|error| Wrong::Syntax(error.to_string()))?, files))
}

#[test]
fn files_are_taken_out_wherever_the_pieces_are_cut() {
    let files: Vec<Vec<u8>> = vec![vec![0xff; 100_000], Vec::new(), b"?>".to_vec()];
    let attachments: Vec<Value> = files
        .iter()
        .map(|file| json!({"name": "é \"\\", "content": STANDARD.encode(file)}))
        .collect();
    let document = json!({"subject": "{[\"content\":", "attachments": attachments}).to_string();
    for piece in [1, 3, 7, 4096, document.len()] {
        let (rest, found) = divert(&document, piece).unwrap();
        assert_eq!(found, files, "{piece}");
        assert_eq!(rest["subject"], "{[\"content\":");
        let numbers: Vec<&str> = (0..3)
            .map(|at| rest["attachments"][at]["content"].as_str().unwrap())
            .collect();
        assert_eq!(numbers, ["0", "1", "2"]);
    }
}

#[test]
fn base64_may_be_written_as_php_writes_it_and_in_lines() {
    let (_, files) = divert(r#"{"a":[{"content":"P\/\/\r\n+\n/ A"}]}"#, 1).unwrap();
    assert_eq!(files, [vec![0x3f, 0xff, 0xfe, 0xfc, 0x00][..4].to_vec()]);
}

#[test]
fn a_key_is_known_however_it_is_written() {
    let (rest, files) = divert(r#"{"c\u006fntent" : "QQ=="}"#, 2).unwrap();
    assert_eq!((rest["content"].as_str(), files), (Some("0"), vec![b"A".to_vec()]));
}

#[test]
fn what_is_no_base64_is_refused_by_the_name_of_its_field() {
    for bad in ["*", "A", "QQ==QQ==", "Q\\u0051==", "QQ=A", "Q-_A"] {
        let document = format!(r#"{{"attachments":[{{"content":"QQ=="}},{{"content":"{bad}"}}]}}"#);
        let refused = divert(&document, 5).unwrap_err();
        let field = "attachments[1].content".to_owned();
        assert_eq!(refused, Wrong::NotBase64 { field }, "{bad}");
    }
}

#[test]
fn a_value_that_is_no_string_is_left_for_the_reader() {
    let (rest, files) = divert(
        r#"{"content":7,"name":"x","b":{"content":null},"c":"content","d":["content","x"]}"#,
        3,
    )
    .unwrap();
    assert!(files.is_empty());
    assert_eq!(
        (&rest["content"], &rest["name"], &rest["d"][1]),
        (&json!(7), &json!("x"), &json!("x"))
    );
}

#[test]
fn the_rest_and_its_depth_are_bounded() {
    let mut scanner = Divert::new(10);
    let refused = scanner.feed(&[b' '; 11], 0, &mut Vec::new()).unwrap_err();
    assert_eq!(refused, Wrong::TooLarge { limit: 10 });
    assert!(matches!(divert(&"[".repeat(200), 200), Err(Wrong::Syntax(_))));
}

#[test]
fn a_document_of_many_small_values_is_refused_before_it_is_read() {
    for value in ["{}", "\"\"", "[]", "0", "{\"content\":\"\"}"] {
        let list = |count: usize| format!("{{\"attachments\":[{}]}}", vec![value; count].join(","));
        let refused = divert(&list(VALUES + 1), 4096).unwrap_err();
        assert_eq!(refused, Wrong::TooManyValues { most: VALUES }, "{value}");
        assert!(divert(&list(VALUES / 2 - 1), 4096).is_ok(), "{value}");
    }
    // Keys are values too: the same one again and again ends in as many files.
    let keys = format!("{{{}}}", vec!["\"content\":\"\""; VALUES + 1].join(","));
    let refused = divert(&keys, 4096).unwrap_err();
    assert_eq!(refused, Wrong::TooManyValues { most: VALUES });
}

#[test]
fn no_noise_makes_it_panic() {
    for seed in 0..2000_u32 {
        let noise: Vec<u8> = (0..40)
            .map(|at| b"\"\\{}[],:contenu 0QA=/\x80"[(seed.wrapping_mul(2_654_435_761).rotate_left(at) % 21) as usize])
            .collect();
        let mut scanner = Divert::new(1 << 10);
        let _ = scanner.feed(&noise, 0, &mut Vec::new());
    }
}
