use super::*;

async fn uploaded(book: &Book, length: usize) -> Source {
    let mut upload = book.spool().upload(10 << 20);
    for piece in content(length).chunks(33_333) {
        upload.write(piece).await.unwrap();
    }
    upload.finish().await.unwrap()
}

fn bytes(source: &Source) -> Vec<u8> {
    let mut bytes = Vec::new();
    super::super::blocks::for_each_block(source, |block| {
        bytes.extend_from_slice(block);
        Ok(())
    })
    .unwrap();
    bytes
}

#[tokio::test]
async fn what_is_received_is_what_was_sent_and_what_is_small_needs_no_file() {
    let bench = Bench::new().await;
    for length in [0, 1, 65_536, 262_144, 262_145, 600_000] {
        let source = uploaded(&bench.book, length).await;
        assert_eq!(matches!(source, Source::Bytes(_)), length <= 65_536, "{length}");
        assert!(bytes(&source) == content(length), "{length}");
    }
    assert_eq!(bench.incoming(), 0, "the sources are gone, and their files with them");
}

#[tokio::test]
async fn an_upload_becomes_the_body_without_being_copied() {
    let bench = Bench::new().await;
    let source = uploaded(&bench.book, 600_000).await;
    let message = message_of(source);
    let (first, second) = (new(&message, 0), new(&message, 0));
    let ids = [first.delivery.id, second.delivery.id];
    bench.book.accept(first).await.unwrap();
    assert_eq!((bench.incoming(), bench.spooled()), (0, 1));
    // A second delivery of the same message has its own body.
    bench.book.accept(second).await.unwrap();
    assert_eq!((bench.incoming(), bench.spooled()), (0, 2));
    let whole = mime(&message).await;
    drop(message);
    for id in ids {
        assert!(mime(&bench.book.message(id).unwrap().unwrap()).await == whole);
    }
}

#[tokio::test]
async fn parts_of_one_upload_are_taken_over_with_it_and_those_of_two_are_copied() {
    let bench = Bench::new().await;
    let (first, second) = (
        uploaded(&bench.book, 600_000).await,
        uploaded(&bench.book, 500_000).await,
    );
    let part = |source: &Source, offset, len| match source {
        Source::Range { file, .. } => Source::Range {
            file: file.clone(),
            offset,
            len,
        },
        other => panic!("{other:?}"),
    };
    for (parts, copied) in [
        ([part(&first, 1_000, 200_000), part(&first, 300_000, 300_000)], 0),
        ([part(&first, 5, 290_000), part(&second, 7, 290_000)], 1),
    ] {
        let draft = Draft {
            from: Some("envoi@mairie.example".into()),
            to: vec!["a@b.example".into()],
            attachments: parts
                .into_iter()
                .map(|source| DraftAttachment {
                    name: Some("a.pdf".into()),
                    content_type: None,
                    content_id: None,
                    source,
                })
                .collect(),
            ..Draft::default()
        };
        let message = draft.accept(&Limits::default()).unwrap();
        let (new, whole, before) = (new(&message, 0), mime(&message).await, bench.incoming());
        let id = new.delivery.id;
        bench.book.accept(new).await.unwrap();
        assert_eq!(bench.incoming(), before - 1 + copied);
        assert!(mime(&bench.book.message(id).unwrap().unwrap()).await == whole);
    }
}

#[tokio::test]
async fn a_content_over_its_limit_is_refused_and_leaves_nothing() {
    let bench = Bench::new().await;
    let mut upload = bench.book.spool().upload(300_000);
    upload.write(&content(299_999)).await.unwrap();
    upload.write(b"1").await.unwrap();
    assert!(matches!(
        upload.write(b"2").await,
        Err(UploadError::TooLarge { limit: 300_000 })
    ));
    assert!(upload.finish().await.is_err());
    assert_eq!(bench.incoming(), 0);
}

#[tokio::test]
async fn an_upload_that_is_dropped_leaves_nothing() {
    let bench = Bench::new().await;
    let mut upload = bench.book.spool().upload(1 << 20);
    upload.write(&content(500_000)).await.unwrap();
    assert_eq!(bench.incoming(), 1);
    drop(upload);
    assert_eq!(bench.incoming(), 0);
}

#[tokio::test]
async fn a_body_that_is_missing_or_not_the_one_that_was_accepted_is_not_sent() {
    let bench = Bench::new().await;
    let path = |id| bench.book.spool().path(id);
    let (missing, altered, cut) = (
        bench.accept(290_000, 0).await,
        bench.accept(290_000, 0).await,
        bench.accept(290_000, 0).await,
    );
    std::fs::remove_file(path(missing)).unwrap();
    let mut bytes = std::fs::read(path(altered)).unwrap();
    bytes[80_000] ^= 1;
    std::fs::write(path(altered), &bytes).unwrap();
    std::fs::write(path(cut), &bytes[..500]).unwrap();
    for (id, is_missing) in [(missing, true), (altered, false), (cut, false)] {
        match bench.book.message(id) {
            Err(StoreError::Body { missing, .. }) => assert_eq!(missing, is_missing),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn what_a_crash_left_in_the_spool_is_swept_and_nothing_else() {
    let bench = Bench::new().await;
    let kept = bench.accept(290_000, 0).await;
    let spool = bench.folder.path().join("spool");
    let orphan = DeliveryId::new(START).unwrap().to_string();
    let folder = bench.book.spool().path(kept);
    let left = [
        spool.join("incoming/01aaaaaaaaaaaaaaaaaaaaaaaa-0"),
        folder.with_file_name(orphan),
    ];
    let others = [spool.join("note.txt"), folder.with_file_name("note.txt")];
    for path in left.iter().chain(&others) {
        std::fs::write(path, b"x").unwrap();
    }
    let bench = bench.again().await;
    let start = std::time::Instant::now();
    while left.iter().any(|path| path.exists()) {
        assert!(start.elapsed() < Duration::from_secs(10), "never swept");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(others.iter().all(|path| path.exists()));
    assert!(bench.book.message(kept).unwrap().is_some());
}

/// Bodies that are so far apart stand in folders of their own.
const APART: u64 = 10 * HOUR;

fn folders(bench: &Bench) -> Vec<String> {
    let all = std::fs::read_dir(bench.folder.path().join("spool")).unwrap();
    let names = all.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != "incoming").collect();
    names.sort();
    names
}

async fn leaves(bench: &Bench, id: DeliveryId) {
    assert!(bench.book.transmitting(id, at(SECOND)).await.unwrap());
    let sent = outcome(2 * SECOND, &[RecipientState::Sent; 2], None);
    bench.book.settle(id, sent).await.unwrap();
    assert!(!bench.book.spool().path(id).exists());
}

#[tokio::test]
async fn a_folder_goes_with_its_last_body_and_the_last_folder_with_the_body_after() {
    let bench = Bench::new().await;
    let name = |id: DeliveryId| id.to_string()[..FOLDER_DIGITS].to_owned();
    let first = [bench.accept(290_000, 0).await, bench.accept(290_000, 1).await];
    let second = bench.accept(290_000, APART).await;
    leaves(&bench, first[0]).await;
    assert_eq!(folders(&bench), [name(first[0]), name(second)]);
    leaves(&bench, first[1]).await;
    assert_eq!(folders(&bench), [name(second)]);
    // The next body comes here, most likely.
    leaves(&bench, second).await;
    assert_eq!(folders(&bench), [name(second)]);
    let third = bench.accept(290_000, 2 * APART).await;
    assert_eq!(folders(&bench), [name(third)]);
    // Into one that went.
    let late = bench.accept(290_000, 2).await;
    assert_eq!(folders(&bench), [name(late), name(third)]);
    assert!(bench.book.message(late).unwrap().is_some());
}

#[tokio::test]
async fn a_folder_that_a_crash_left_empty_is_swept() {
    let bench = Bench::new().await;
    let kept = bench.accept(290_000, 0).await;
    let spool = bench.folder.path().join("spool");
    let (empty, other) = (spool.join("01aaa"), spool.join("others"));
    for folder in [&empty, &other] {
        std::fs::create_dir(folder).unwrap();
    }
    let bench = bench.again().await;
    let start = std::time::Instant::now();
    while empty.exists() {
        assert!(start.elapsed() < Duration::from_secs(10), "never swept");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(other.exists(), "it is not of the spool");
    assert!(bench.book.message(kept).unwrap().is_some());
}

#[tokio::test]
async fn no_folder_goes_while_a_body_is_given_its_place_there() {
    let (disk, folder) = (SimDisk::default(), tempfile::tempdir().unwrap());
    let book = open_sim(&disk, folder.path()).await.unwrap();
    let spool = book.spool();
    let placed = |number: u64| {
        let id = DeliveryId::new(START + number % 3 * APART).unwrap();
        let mut stored = spool.store(id, &[Source::Bytes(content(10))]).unwrap();
        let fault = spool.place(&mut [&mut stored]).pop().flatten();
        assert!(fault.is_none(), "{number}: {fault:?}");
        assert!(disk.names().iter().any(|name| name.ends_with(id.to_string())));
        // It is not kept, and goes.
    };
    std::thread::scope(|scope| {
        let placing: Vec<_> = (0..3)
            .map(|first| scope.spawn(move || (first..first + 3_000).for_each(placed)))
            .collect();
        while placing.iter().any(|thread| !thread.is_finished()) {
            spool.sweep(|_| Ok(true), || false).unwrap();
        }
    });
    let left = disk
        .names()
        .iter()
        .filter(|name| name.starts_with(folder.path().join("spool")))
        .count();
    assert_eq!(left, 0);
}
