//! How changes become durable.
//!
//! It is done in one of two ways. What the outbox writes all the time is a record of the log, and is in the memtable from then on,
//! and in the database a moment later, of whose next commit on the disk it is a part. What anybody else writes is a commit of the
//! database on the disk, which takes along all that the log has; so does a record for which the log has no room.
//!
//! Whoever reads finds all that was acknowledged: he gives the database what it lacks before he looks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use redb::{Database, Durability, ReadableDatabase, WriteTransaction};

use super::engine::{Engine, Held, folder, guarded};
use super::error::{At, StoreError};
use super::memtable::Memtable;
use super::outbox::{Deliveries, Deltas, Made};
use super::tables::{Reading, Writing};
use super::wal::{self, Wal};

/// The log, in the hands of whoever writes.
pub(super) type Turn<'e> = MutexGuard<'e, Option<Wal>>;

impl Engine {
    /// Makes what the log holds again, and begins a round of it. Whoever opened the database has found it to be ours.
    pub(super) fn catch_up(&self) -> Result<(), StoreError> {
        let database = self.database()?;
        self.replay(database.get()?)
    }

    pub(super) fn replay(&self, database: &Database) -> Result<(), StoreError> {
        let (mut turn, mut memtable) = (lock(&self.wal), lock(&self.memtable));
        // The log has it, and a database that was opened anew knows nothing of what was not on the disk.
        memtable.clear();
        let salt = Reading::new(database.begin_read().at(&self.place)?, &self.place).log()?;
        let folder = folder(&self.place);
        let mut wal = Wal::open(self.disk.clone(), &folder, self.log_size, salt)?;
        if salt.is_some() {
            wal.replay(|record| {
                memtable.take_again(record).map_err(|_| StoreError::Damaged {
                    path: folder.join(wal::LOG),
                    detail: "a record is not what was written".to_owned(),
                })?;
                match memtable.is_full() {
                    true => self.flush_into(database.begin_write().at(&self.place)?, &mut memtable),
                    false => Ok(()),
                }
            })?;
            self.flush_into(database.begin_write().at(&self.place)?, &mut memtable)?;
        }
        let transaction = database.begin_write().at(&self.place)?;
        Writing::new(&transaction, &self.place).set_format()?;
        self.settle(transaction, Some(&mut wal))?;
        *turn = Some(wal);
        Ok(())
    }

    /// Waits until nobody else writes. The database lacks nothing then, until the turn is over.
    pub(super) fn turn(&self, held: &Held<'_>) -> Result<Turn<'_>, StoreError> {
        let turn = self.take_turn(held)?;
        self.flush(held)?;
        Ok(turn)
    }

    fn take_turn(&self, held: &Held<'_>) -> Result<Turn<'_>, StoreError> {
        let turn = lock(&self.wal);
        match held.fault() {
            None => Ok(turn),
            // Whoever had the log before failed with it, and nobody knows what stands there.
            Some(fault) => Err(self.error(fault)),
        }
    }

    /// Everything that was acknowledged.
    pub(super) fn view(&self, held: &Held<'_>) -> Result<Reading, StoreError> {
        self.flush(held)?;
        let view = held.get()?.begin_read().at(&self.place)?;
        Ok(Reading::new(view, &self.place))
    }

    /// When the database should be given what it lacks; none where it lacks nothing.
    pub(super) fn flush_due(&self) -> Option<Instant> {
        lock(&self.memtable).due()
    }

    /// Gives the database what it lacks. Waits for no sync, but where the database has to grow.
    pub(super) fn flush(&self, held: &Held<'_>) -> Result<(), StoreError> {
        let mut memtable = lock(&self.memtable);
        if memtable.is_empty() {
            return Ok(());
        }
        // Whoever reads comes here, and is not to end of it.
        let flushed = guarded(&self.place, || {
            self.flush_into(held.begin_write(&self.place)?, &mut memtable)
        });
        self.noted(held, flushed)
    }

    fn flush_into(&self, mut transaction: WriteTransaction, memtable: &mut Memtable) -> Result<(), StoreError> {
        Writing::new(&transaction, &self.place).apply(memtable.rows())?;
        transaction.set_durability(Durability::None).at(&self.place)?;
        transaction.commit().at(&self.place)?;
        memtable.clear();
        Ok(())
    }

    /// Begins a batch of the outbox.
    pub(super) fn append(&self) -> Result<Appending<'_>, StoreError> {
        let held = self.database()?;
        let turn = self.take_turn(&held)?;
        Ok(Appending {
            engine: self,
            turn,
            held,
            made: Made::default(),
        })
    }

    /// Runs `work` in one transaction of the database; an error undoes all of it.
    pub(super) fn write<T, E: From<StoreError>>(
        &self,
        held: &Held<'_>,
        work: impl FnOnce(&mut Writing<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut turn = self.turn(held).map_err(StoreError::of_all)?;
        // Let go of before the turn is: whoever writes next finds the fault.
        let _watched = held.watched();
        let transaction = held.begin_write(&self.place).map_err(StoreError::of_all)?;
        let done = work(&mut Writing::new(&transaction, &self.place));
        match done {
            Ok(value) => {
                let settled = self.settle(transaction, turn.as_mut());
                self.noted(held, settled).map_err(StoreError::of_all)?;
                Ok(value)
            }
            Err(error) => {
                // What went wrong first is what the caller is told.
                if let Err(fault) = transaction.abort() {
                    tracing::debug!(%fault, "a transaction could not be undone; the next opening does it");
                }
                Err(error)
            }
        }
    }

    /// After a failure, whether it is on the disk is known once everything was read anew.
    fn noted(&self, held: &Held<'_>, done: Result<(), StoreError>) -> Result<(), StoreError> {
        done.inspect_err(|_| held.distrust())
    }

    /// Commits on the disk, with all that the log has: the database lacks nothing but what this transaction adds.
    fn settle(&self, mut transaction: WriteTransaction, wal: Option<&mut Wal>) -> Result<(), StoreError> {
        let salt = wal::draw().map_err(|error| self.error(error))?;
        if wal.is_some() {
            Writing::new(&transaction, &self.place).set_log(Some(salt))?;
        }
        // In two phases, on which the recovery rests; and it makes the start after a crash a matter of milliseconds however
        // large the database is. Such a commit is rare.
        transaction.set_quick_repair(true);
        transaction.commit().at(&self.place)?;
        match wal {
            Some(wal) => wal.begin(salt).map_err(|error| StoreError::io(wal.place(), error)),
            None => Ok(()),
        }
    }

    /// The database takes the log along, so that it stands for itself. Nothing can be written any more after that.
    pub(super) fn close(&mut self) -> Result<(), StoreError> {
        if lock(&self.wal).take().is_none() {
            return Ok(());
        }
        let held = self.hold();
        if let Some(fault) = held.fault() {
            return Err(self.error(fault));
        }
        self.flush(&held)?;
        let transaction = held.begin_write(&self.place)?;
        Writing::new(&transaction, &self.place).set_log(None)?;
        self.settle(transaction, None)
    }
}

/// A batch of changes of the outbox that is being made. Nobody else writes meanwhile; whoever reads does not wait for it. Dropped,
/// it comes to nothing.
pub(crate) struct Appending<'e> {
    engine: &'e Engine,
    turn: Turn<'e>,
    held: Held<'e>,
    made: Made,
}

impl Appending<'_> {
    /// Runs `work`, which sees what the batch has changed so far. After an error the batch must be dropped.
    pub(crate) fn change<T>(
        &mut self,
        work: impl FnOnce(Deliveries<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // Held meanwhile, so that nothing goes from here to the database between two looks at either.
        let memtable = lock(&self.engine.memtable);
        let place = &self.engine.place;
        let base = Reading::new(self.held.get()?.begin_read().at(place)?, place);
        work(Deliveries {
            base: &base,
            memtable: Some(&memtable),
            made: &mut self.made,
        })
    }

    /// Makes the batch durable: one record of the log. Returns by how much it changed the counts.
    pub(crate) fn commit(mut self) -> Result<Deltas, StoreError> {
        self.change(|mut tables| {
            tables.count()?;
            tables.look()
        })?;
        let Made {
            mut changes,
            deltas,
            forgotten,
        } = self.made;
        if changes.is_empty() {
            return Ok(deltas);
        }
        let (engine, held) = (self.engine, &self.held);
        let wal = self.turn.as_mut();
        let has_room = wal.is_some_and(|wal| wal.has_room(&changes));
        let Some(wal) = self.turn.as_mut().filter(|_| has_room) else {
            engine.flush(held)?;
            let transaction = held.begin_write(&engine.place)?;
            let applied = Writing::new(&transaction, &engine.place).apply(&changes.into_last());
            let settled = applied.and_then(|()| engine.settle(transaction, self.turn.as_mut()));
            return engine.noted(held, settled).map(|()| deltas);
        };
        let appended = held.note(wal.append(&mut changes));
        let appended = appended.map_err(|error| StoreError::io(wal.place(), error));
        engine.noted(held, appended)?;
        lock(&engine.memtable).take(changes, forgotten);
        Ok(deltas)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
