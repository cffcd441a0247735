//! The machine stops at any moment, and the disk has any part of what it was not yet asked to keep.

use std::collections::BTreeMap;
use std::sync::MutexGuard;

use redb::{ReadableDatabase as _, ReadableTable as _, TableDefinition, TableHandle as _};

use super::*;
use crate::database;

const ENTRIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("entries");

type Entries = BTreeMap<u32, Vec<u8>>;

/// What a file is asked to do.
#[derive(Debug, Clone)]
enum Deed {
    Write(usize, Vec<u8>),
    Resize(usize),
    Sync,
}

impl Deed {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                // What made room for it may be what is lost.
                let end = offset + data.len();
                if bytes.len() < end {
                    bytes.resize(end, 0);
                }
                bytes[*offset..end].copy_from_slice(data);
            }
            Self::Resize(length) => bytes.resize(*length, 0),
            Self::Sync => {}
        }
    }
}

/// A file in memory, with all that it was ever asked to do.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<Mutex<(Vec<u8>, Vec<Deed>)>>);

impl Disk {
    fn lock(&self) -> MutexGuard<'_, (Vec<u8>, Vec<Deed>)> {
        self.0.lock().unwrap()
    }

    fn with(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new((bytes, Vec::new()))))
    }

    fn do_deed(&self, deed: Deed) {
        let (bytes, deeds) = &mut *self.lock();
        deed.apply(bytes);
        deeds.push(deed);
    }

    fn count(&self) -> usize {
        self.lock().1.len()
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.lock().0.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).unwrap();
        let bytes = &self.lock().0;
        let found = bytes
            .get(offset..offset + out.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.do_deed(Deed::Resize(usize::try_from(length).unwrap()));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.do_deed(Deed::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        // Pages get to the disk one by one.
        for (place, page) in (usize::try_from(offset).unwrap()..)
            .step_by(PAGE)
            .zip(data.chunks(PAGE))
        {
            self.do_deed(Deed::Write(place, page.to_vec()));
        }
        Ok(())
    }
}

fn open_store(disk: Disk) -> Result<redb::Database, redb::Error> {
    let sealed = Sealed::new(disk)?.expect("it has seals");
    // Pages that are in memory hide what is on the disk.
    Ok(redb::Builder::new()
        .set_cache_size(0)
        .create_with_backend(sealed)?)
}

fn write(
    store: &redb::Database,
    changes: &Entries,
    removed: std::ops::Range<u32>,
) -> Result<(), redb::Error> {
    database::write(store, |transaction| {
        let mut table = transaction.open_table(ENTRIES)?;
        for key in removed {
            table.remove(key)?;
        }
        for (key, value) in changes {
            table.insert(key, &value[..])?;
        }
        Ok(())
    })
}

fn read_all(store: &redb::Database) -> Result<Entries, redb::Error> {
    let transaction = store.begin_read()?;
    let tables: Vec<_> = transaction
        .list_tables()?
        .map(|table| table.name().to_owned())
        .collect();
    if tables.is_empty() {
        return Ok(Entries::new());
    }
    let mut found = Entries::new();
    for entry in transaction.open_table(ENTRIES)?.iter()? {
        let (key, value) = entry?;
        found.insert(key.value(), value.value().to_vec());
    }
    Ok(found)
}

fn entries(keys: std::ops::Range<u32>, byte: u8) -> Entries {
    keys.map(|key| (key, vec![byte; 3_000])).collect()
}

/// Numbers that look random, and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// A store that grows and shrinks, with what it held after so many deeds were begun.
fn grow_and_shrink() -> (Vec<Deed>, Vec<(usize, Entries)>) {
    let disk = Disk::default();
    let mut store = open_store(disk.clone()).unwrap();
    let mut expected = Entries::new();
    let mut moments = vec![(disk.count(), expected.clone())];
    for turn in 0..3_u8 {
        for (added, removed) in [(0..700, 0..0), (700..1400, 0..0), (0..3, 20..1400), (5..9, 0..0)] {
            let changes = entries(added, turn + 1);
            write(&store, &changes, removed.clone()).unwrap();
            expected.retain(|key, _value| !removed.contains(key));
            expected.extend(changes);
            moments.push((disk.count(), expected.clone()));
        }
        store.compact().unwrap();
        if turn == 1 {
            // It shrinks when it is closed, too.
            drop(store);
            store = open_store(disk.clone()).unwrap();
        }
    }
    drop(store);
    let deeds = disk.lock().1.clone();
    (deeds, moments)
}

/// What the disk may have when the machine stops after so many deeds: all up to the last sync, and any of what follows.
fn left_over(deeds: &[Deed], random: &mut Random) -> Vec<u8> {
    let synced = deeds
        .iter()
        .rposition(|deed| matches!(deed, Deed::Sync))
        .unwrap_or(0);
    let mut bytes = Vec::new();
    for deed in &deeds[..synced] {
        deed.apply(&mut bytes);
    }
    // Now nothing, now nearly everything.
    let part = random.below(5);
    for deed in &deeds[synced..] {
        if random.below(4) < part {
            deed.apply(&mut bytes);
        }
    }
    bytes
}

#[test]
fn a_store_that_grows_and_shrinks_is_sound_whenever_the_machine_stops() {
    let (deeds, moments) = grow_and_shrink();
    let mut length = 0;
    let n_shrunk = deeds
        .iter()
        .filter(|deed| match deed {
            Deed::Resize(to) => std::mem::replace(&mut length, *to) > *to,
            _ => false,
        })
        .count();
    assert!(n_shrunk >= 3, "{n_shrunk}");

    let mut random = Random(1);
    let first = moments[0].0;
    for turn in 0..120 {
        // Every other time soon after it has shrunk.
        let mut stop = first + random.below(deeds.len() + 1 - first);
        if turn % 2 == 0 {
            let shrunk = shrinking_from(&deeds, stop);
            stop = (shrunk + random.below(12)).min(deeds.len());
        }
        let disk = Disk::with(left_over(&deeds[..stop], &mut random));
        let done = moments.iter().rposition(|(count, _)| *count <= stop).unwrap();
        let allowed = &moments[done..moments.len().min(done + 2)];
        let store = open_store(disk).unwrap_or_else(|error| panic!("turn {turn}, stop {stop}: {error}"));
        let found = read_all(&store).unwrap_or_else(|error| panic!("turn {turn}, stop {stop}: {error}"));
        assert!(
            allowed.iter().any(|(_, expected)| *expected == found),
            "turn {turn}, stop {stop}: {} entries",
            found.len()
        );
        // It can be gone on with, and grows again over what was cut off.
        let more = entries(2000..2300, 9);
        write(&store, &more, 0..0).unwrap_or_else(|error| panic!("turn {turn}, stop {stop}: {error}"));
        let mut expected = found;
        expected.extend(more);
        assert_eq!(read_all(&store).unwrap(), expected);
    }
}

/// The first deed from this one on that makes the file shorter, or else this one.
fn shrinking_from(deeds: &[Deed], from: usize) -> usize {
    let mut length = None;
    let shrinks = |deed: &Deed| match deed {
        Deed::Resize(to) => length.replace(*to).is_some_and(|before| before > *to),
        _ => false,
    };
    deeds[from..]
        .iter()
        .position(shrinks)
        .map_or(from, |place| from + place)
}
