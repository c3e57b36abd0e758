//! Uploads: ranges, and how they are taken up.

use relais_office365::upload::{RANGE_BYTES, attach};
use relais_office365::wire::HttpError;
use relais_sdk::Failure;

use crate::script::{Attached, BASE, Script, error};

const OPEN: &str = "POST /messages/O/attachments/createUploadSession";
const POST: &str = "POST /messages/O/attachments";
const PUT: &str = "PUT https://upload.example/x?authtoken=secret";
const ASK: &str = "GET https://upload.example/x?authtoken=secret";
const SIZE: usize = 10_000_000;

fn opened() -> Script {
    let opened = r#"{"uploadUrl":"https://upload.example/x?authtoken=secret","nextExpectedRanges":["0-"]}"#;
    Script::new().answer(OPEN, 201, opened)
}

fn wants(next: u64) -> String {
    format!(r#"{{"nextExpectedRanges":["{next}-"]}}"#)
}

fn attached(script: Script, size: usize) -> (Result<(), Failure>, Script) {
    let mut graph = script.play();
    let attached = attach(&mut graph, &format!("{BASE}/messages/O"), &Attached::of(size));
    graph.world.is_over();
    (attached, graph.world)
}

/// The file as the remote has it: each range where it says it belongs.
fn put_together(script: &Script) -> Vec<u8> {
    let mut file = vec![0; SIZE];
    for asked in script.asked.iter().filter(|asked| asked.line == PUT) {
        let range = asked.header("content-range").unwrap().strip_prefix("bytes ").unwrap();
        let (range, size) = range.split_once('/').unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        assert_eq!((size, asked.body.len()), (SIZE.to_string().as_str(), to - from + 1));
        file[from..=to].copy_from_slice(&asked.body);
    }
    file
}

#[test]
fn ranges_are_multiples_of_320_kib_below_4_mb() {
    assert_eq!(RANGE_BYTES % (320 << 10), 0);
    const { assert!(RANGE_BYTES < 4_000_000) };
}

#[test]
fn a_file_goes_up_range_after_range() {
    let script = opened()
        .answer(PUT, 200, &wants(RANGE_BYTES))
        .answer(
            PUT,
            200,
            &format!(r#"{{"NextExpectedRanges":["{}"]}}"#, 2 * RANGE_BYTES),
        )
        .answer(PUT, 201, "");
    let (done, script) = attached(script, SIZE);
    done.unwrap();
    assert!(put_together(&script) == *Attached::of(SIZE).data);
}

#[test]
fn a_cut_range_is_taken_up_where_the_remote_has_it() {
    let cut = || HttpError::Failed("connection reset".to_owned());
    let script = opened()
        .answer(PUT, 200, &wants(RANGE_BYTES))
        .fail(PUT, cut())
        .answer(ASK, 200, &wants(RANGE_BYTES + 655_360))
        .answer(PUT, 200, &wants(2 * RANGE_BYTES + 655_360))
        .answer(PUT, 201, "");
    let (done, script) = attached(script, SIZE);
    done.unwrap();
    assert!(put_together(&script) == *Attached::of(SIZE).data);
    assert_eq!(script.paused.as_secs(), 0, "the first time it is tried at once");
}

#[test]
fn a_remote_that_does_not_say_how_far_it_is_gets_the_range_again() {
    let script = opened()
        .fail(PUT, HttpError::Timeout)
        .answer(ASK, 405, "")
        .answer(PUT, 200, &wants(RANGE_BYTES))
        .answer(PUT, 200, &wants(2 * RANGE_BYTES))
        .answer(PUT, 201, "");
    let (done, script) = attached(script, SIZE);
    done.unwrap();
    assert!(put_together(&script) == *Attached::of(SIZE).data);
}

#[test]
fn the_last_range_may_have_arrived_although_its_answer_did_not() {
    let script = opened()
        .answer(PUT, 200, &wants(RANGE_BYTES))
        .answer(PUT, 200, &wants(2 * RANGE_BYTES))
        .fail(PUT, HttpError::Failed("reset".to_owned()))
        .answer(ASK, 200, r#"{"nextExpectedRanges":[]}"#);
    attached(script, SIZE).0.unwrap();
}

#[test]
fn a_throttled_range_waits_as_long_as_was_asked_and_not_for_ever() {
    let script = opened()
        .answer_with(PUT, 429, ("Retry-After", "20"))
        .answer(ASK, 200, &wants(0))
        .answer(PUT, 200, &wants(RANGE_BYTES))
        .answer(PUT, 200, &wants(2 * RANGE_BYTES))
        .answer(PUT, 201, "");
    let (done, script) = attached(script, SIZE);
    done.unwrap();
    assert_eq!(script.paused.as_secs(), 20);

    let failure = attached(opened().answer_with(PUT, 429, ("Retry-After", "300")), SIZE)
        .0
        .unwrap_err();
    assert_eq!((failure.kind.as_str(), failure.retry_after), ("throttled", Some(300)));
}

#[test]
fn an_upload_that_does_not_come_forward_ends() {
    let mut script = opened();
    for _ in 0..5 {
        script = script.answer(PUT, 500, "").answer(ASK, 200, &wants(0));
    }
    let failure = attached(script.answer(PUT, 500, ""), SIZE).0.unwrap_err();
    assert_eq!(failure.kind, "temporary");

    // It comes forward, and loses it again.
    let mut script = opened();
    for _ in 0..21 {
        script = script.answer(PUT, 200, &wants(RANGE_BYTES)).answer(PUT, 200, &wants(0));
    }
    let failure = attached(script, SIZE).0.unwrap_err();
    assert_eq!(
        (failure.kind.as_str(), failure.text.as_str()),
        ("temporary", "an upload did not come forward")
    );
}

#[test]
fn between_the_two_readings_of_3_mb_the_other_way_is_tried() {
    let refused = error("ErrorAttachmentSizeShouldNotBeLessThanMinimumSize");
    let script = Script::new().answer(OPEN, 400, &refused).answer(POST, 201, "{}");
    attached(script, 3_100_000).0.unwrap();
    let failure = attached(Script::new().answer(OPEN, 400, &refused), 3_200_000)
        .0
        .unwrap_err();
    assert_eq!(
        failure.code.as_deref(),
        Some("400 ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")
    );
}

#[test]
fn an_address_that_nobody_granted_is_named_without_its_token() {
    let refused = HttpError::Refused("nothing is granted there".to_owned());
    let failure = attached(opened().fail(PUT, refused), SIZE).0.unwrap_err();
    assert_eq!(failure.kind, "configuration");
    assert!(failure.text.contains("https://upload.example,"), "{}", failure.text);
    assert!(!failure.text.contains("secret"), "{}", failure.text);
}

#[test]
fn a_file_that_graph_never_takes_is_not_begun() {
    let failure = attached(Script::new(), 150_000_001).0.unwrap_err();
    assert_eq!(failure.kind, "too-large");
}
