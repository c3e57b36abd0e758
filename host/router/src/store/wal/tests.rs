#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::super::sim::{Fault, Kept, SimDisk};
use super::*;

const SALT: Salt = 7;

fn open(disk: &SimDisk, salt: Option<Salt>) -> Result<Wal, StoreError> {
    Wal::open(Arc::new(disk.clone()), Path::new("/data"), LOG_SIZE, salt)
}

/// A log with records of these numbers of bytes, none of which is like another.
fn filled(disk: &SimDisk, lengths: &[usize]) -> Wal {
    let mut wal = open(disk, None).unwrap();
    wal.begin(SALT).unwrap();
    for (number, length) in lengths.iter().enumerate() {
        append(&mut wal, number, *length);
    }
    wal
}

fn append(wal: &mut Wal, number: usize, length: usize) {
    let mut changes = batch(number, length);
    assert!(wal.has_room(&changes));
    wal.append(&mut changes).unwrap();
}

fn batch(number: usize, length: usize) -> Changes {
    let mut changes = Changes::default();
    changes.put(1, &number.to_le_bytes(), &vec![number as u8; length]);
    changes
}

/// The numbers of the records that are found, each whole.
fn found(wal: &Wal) -> Result<Vec<usize>, StoreError> {
    let mut found = Vec::new();
    wal.replay(|bytes| {
        let change = read(bytes).next().unwrap().unwrap();
        let number = usize::from_le_bytes(change.key.try_into().unwrap());
        assert!(change.value.unwrap().iter().all(|byte| *byte == number as u8));
        found.push(number);
        Ok(())
    })?;
    Ok(found)
}

/// Overwrites a part of the log behind everybody's back.
fn overwrite(disk: &SimDisk, offset: u64, bytes: &[u8]) {
    let file = disk.open(&Path::new("/data").join(LOG), Opening::Either).unwrap();
    file.write_at(bytes, offset).unwrap();
    file.sync_data().unwrap();
}

#[test]
fn records_are_found_again_in_their_order_after_a_power_cut() {
    let disk = SimDisk::default();
    drop(filled(&disk, &[10, 0, 5_000, 300_000, 4096 - HEADER - 18, 1]));
    let again = open(&disk.survivor(Kept::Nothing), Some(SALT)).unwrap();
    assert_eq!(found(&again).unwrap(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_record_that_was_not_written_whole_ends_the_log_and_harms_none_before_it() {
    let disk = SimDisk::default();
    let mut wal = filled(&disk, &[10, 20_000]);
    let whole = wal.end;
    append(&mut wal, 2, 20_000);
    for torn in [whole, whole + 8, whole + 100, whole + 4096, wal.end - 4096] {
        let disk = disk.survivor(Kept::Everything);
        overwrite(&disk, torn, &[0xa5; 16]);
        assert_eq!(found(&open(&disk, Some(SALT)).unwrap()).unwrap(), [0, 1], "{torn}");
    }
}

#[test]
fn damage_among_records_that_were_acknowledged_is_told_and_nothing_is_cut() {
    let disk = SimDisk::default();
    drop(filled(&disk, &[10, 20_000, 10]));
    overwrite(&disk, 10_000, &[0xa5; 16]);
    let error = found(&open(&disk, Some(SALT)).unwrap()).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
}

#[test]
fn records_of_an_earlier_round_do_not_count() {
    let disk = SimDisk::default();
    let mut wal = filled(&disk, &[10, 20_000, 10]);
    wal.begin(SALT + 1).unwrap();
    assert_eq!(found(&wal).unwrap(), [0; 0]);
    append(&mut wal, 9, 10);
    assert_eq!(found(&wal).unwrap(), [9]);
}

#[test]
fn a_body_that_looks_like_a_record_is_none() {
    let disk = SimDisk::default();
    let mut wal = filled(&disk, &[]);
    // What stands at the next boundary once the record before it is over: a record as whoever does not know the salt makes one.
    let mut forged = batch(66, 10);
    frame::seal(&mut forged, SALT, ALIGN as u64);
    let mut changes = Changes::default();
    let before = ALIGN - HEADER - 18;
    let mut body = vec![0; before];
    body.extend_from_slice(&forged.bytes);
    changes.put(1, &0_usize.to_le_bytes(), &body);
    wal.append(&mut changes).unwrap();
    wal.begin(SALT + 1).unwrap();
    append(&mut wal, 1, 10);
    assert_eq!(found(&wal).unwrap(), [1]);
}

#[test]
fn a_log_that_is_full_takes_nothing_more_before_another_round_and_then_there_is_a_larger_one() {
    let disk = SimDisk::default();
    let mut wal = filled(&disk, &[]);
    let large = batch(0, 400_000);
    for _ in 0..2 {
        assert!(wal.has_room(&large));
        wal.append(&mut batch(0, 400_000)).unwrap();
    }
    assert!(!wal.has_room(&large));
    wal.begin(SALT + 1).unwrap();
    assert!(wal.has_room(&large));
    let begun = std::time::Instant::now();
    for round in 2.. {
        wal.begin(SALT + round).unwrap();
        if wal.length == LOG_SIZE.most {
            append(&mut wal, 3, 20 << 20);
            let again = open(&disk.survivor(Kept::Nothing), Some(SALT + round)).unwrap();
            assert_eq!((found(&again).unwrap(), again.length), (vec![3], LOG_SIZE.most));
            assert!(!wal.has_room(&batch(0, 65 << 20)), "it is longer than the log");
            return;
        }
        assert!(begun.elapsed().as_secs() < 30, "no larger one");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_disk_without_room_for_a_larger_log_keeps_the_small_one() {
    let disk = SimDisk::default();
    let mut wal = filled(&disk, &[900_000]);
    disk.set_fault(Some(Fault::Writes(io::ErrorKind::StorageFull)));
    assert!(!wal.has_room(&batch(0, 900_000)));
    while wal.larger.is_busy() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    disk.set_fault(None);
    wal.begin(SALT + 1).unwrap();
    append(&mut wal, 1, 900_000);
    assert_eq!((found(&wal).unwrap(), wal.length), (vec![1], LOG_SIZE.first));
}

#[test]
fn a_disk_that_is_nearly_full_is_not_filled_up_by_a_larger_log() {
    let disk = SimDisk::default();
    disk.set_room(LOG_SIZE.most * 2);
    let mut wal = filled(&disk, &[900_000]);
    assert!(!wal.has_room(&batch(0, 900_000)));
    while wal.larger.is_busy() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    wal.begin(SALT + 1).unwrap();
    assert_eq!(wal.length, LOG_SIZE.first);
}

/// A log whose larger file has just got its name, without a sync of the folder.
fn half_switched(disk: &SimDisk) -> Wal {
    let mut wal = filled(disk, &[900_000]);
    assert!(!wal.has_room(&batch(0, 900_000)));
    while wal.larger.is_busy() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    disk.set_fault(Some(Fault::Syncs));
    assert!(wal.begin(SALT + 1).is_err());
    disk.set_fault(None);
    wal
}

#[test]
fn a_log_that_is_opened_after_its_new_name_could_not_be_synced_has_it_afterwards() {
    let disk = SimDisk::default();
    drop(half_switched(&disk));
    let mut again = open(&disk, Some(SALT + 1)).unwrap();
    append(&mut again, 5, 10);
    let after = open(&disk.survivor(Kept::Nothing), Some(SALT + 1)).unwrap();
    assert_eq!(found(&after).unwrap(), [5]);
}

#[test]
fn nothing_is_written_to_a_file_that_has_lost_its_name() {
    let disk = SimDisk::default();
    let mut wal = half_switched(&disk);
    append(&mut wal, 5, 10);
    assert_eq!(found(&open(&disk, Some(SALT + 1)).unwrap()).unwrap(), [5]);
}

#[test]
fn a_log_that_is_missing_is_told_where_the_database_counts_on_it() {
    let error = open(&SimDisk::default(), Some(SALT)).err().unwrap();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    let disk = SimDisk::default();
    drop(filled(&disk, &[10]));
    assert!(open(&disk, Some(SALT)).is_ok());
}
