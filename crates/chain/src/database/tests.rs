//! Stores are found again as they were, and nothing else is taken for one.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tempfile::TempDir;

use super::guard::tests::{ask_from_hook, panic_in_store};
use super::*;

const COINS: Identity = Identity {
    kind: "coins",
    version: 3,
    magic: [1, 2, 3, 4],
};

fn open(directory: &Path, identity: &Identity) -> Result<Database, DatabaseError> {
    Database::open(
        directory,
        identity,
        Contents::Keep,
        1 << 20,
        |_transaction| Ok(()),
    )
}

fn check(directory: &Path, identity: &Identity, expected: &str) {
    let error = open(directory, identity).unwrap_err().to_string();
    let place = format!("{}", directory.display());
    assert_eq!(error.replace(&place, "…"), expected);
}

#[test]
fn a_store_is_made_where_there_is_none_and_found_again() {
    let directory = TempDir::new().unwrap();
    let inner = directory.path().join("a").join("b");
    for _turn in 0..2 {
        let database = open(&inner, &COINS).unwrap();
        assert!(database.size().unwrap() > 0);
        assert_eq!(database.path(), inner.join("coins.redb"));
    }
    assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
}

#[test]
fn a_store_that_was_left_half_made_is_made_anew() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("coins.new"), "half").unwrap();
    open(directory.path(), &COINS).unwrap();
}

#[test]
fn what_is_another_store_is_refused_with_its_place() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    fs::write(path.join("CURRENT"), "MANIFEST-000001\n").unwrap();
    check(
        path,
        &COINS,
        "… is of Syscoin Core, whose databases cannot be read",
    );
    fs::remove_file(path.join("CURRENT")).unwrap();

    let held = open(path, &COINS).unwrap();
    check(path, &COINS, "…/coins.redb is in use");
    drop(held);
    let older = Identity { version: 2, ..COINS };
    check(
        path,
        &older,
        "…/coins.redb was written by a newer version of this program: it is of version 3, and only version 2 can be read",
    );
    let other = Identity {
        magic: [1, 2, 3, 5],
        ..COINS
    };
    check(path, &other, "…/coins.redb is of another network");
    fs::rename(path.join("coins.redb"), path.join("index.redb")).unwrap();
    let index = Identity {
        kind: "index",
        ..COINS
    };
    check(path, &index, "…/index.redb is damaged: it holds no index");
    fs::write(path.join("coins.redb"), "no store, but long enough to be one").unwrap();
    let damaged = "…/coins.redb is damaged: it is too short";
    check(path, &COINS, damaged);

    Database::open(path, &COINS, Contents::Wipe, 0, |_transaction| Ok(())).unwrap();
    open(path, &COINS).unwrap();
}

#[test]
fn a_store_that_is_cut_off_is_damaged_wherever_that_is() {
    let directory = TempDir::new().unwrap();
    drop(open(directory.path(), &COINS).unwrap());
    let path = directory.path().join("coins.redb");
    let whole = fs::read(&path).unwrap();
    for eighths in 0..8 {
        fs::write(&path, &whole[..whole.len() * eighths / 8]).unwrap();
        let error = open(directory.path(), &COINS).unwrap_err();
        assert!(
            matches!(error, DatabaseError::Damaged { .. }),
            "{eighths}: {error}"
        );
    }
}

#[test]
fn a_change_that_fails_changes_nothing() {
    let directory = TempDir::new().unwrap();
    let database = open(directory.path(), &COINS).unwrap();
    let result = database.write(|transaction| {
        transaction.delete_table(IDENTITY)?;
        Err::<(), _>(redb::Error::DatabaseClosed)
    });
    assert!(!result.unwrap_err().is_disk_full());
    drop(database);
    open(directory.path(), &COINS).unwrap();
}

/// A store of so many entries, closed.
fn filled(directory: &Path) -> Vec<(u32, Vec<u8>)> {
    let database = open(directory, &COINS).unwrap();
    let entries: Vec<_> = (0..600_u32)
        .map(|key| (key, vec![u8::try_from(key % 251).unwrap(); 40]))
        .collect();
    for part in entries.chunks(50) {
        let insert = |transaction: &WriteTransaction| {
            let mut table = transaction.open_table(ENTRIES)?;
            for (key, value) in part {
                table.insert(key, &value[..])?;
            }
            Ok(())
        };
        database.write(insert).unwrap();
    }
    entries
}

const ENTRIES: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("entries");

/// Reads all entries, then writes one: whatever can be done.
fn use_all(directory: &Path) -> Result<Vec<(u32, Vec<u8>)>, DatabaseError> {
    let database = open(directory, &COINS)?;
    let mut found = Vec::new();
    for key in 0..600 {
        let value = database.read(|transaction| {
            let value = transaction.open_table(ENTRIES)?.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        })?;
        found.extend(value.map(|value| (key, value)));
    }
    database.write(|transaction| {
        transaction.open_table(ENTRIES)?.insert(1000, &[1][..])?;
        Ok(())
    })?;
    Ok(found)
}

#[test]
fn a_damaged_store_gives_what_was_written_or_says_that_it_is_damaged() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    let entries = filled(path);
    let file = path.join("coins.redb");
    let good = fs::read(&file).unwrap();
    let mut random = 1_u64;
    let mut outcomes = [0, 0];
    for turn in 0..150_usize {
        let mut bytes = good.clone();
        for _flip in 0..=turn % 8 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let place = usize::try_from(random >> 33).unwrap();
            // Every other one in the header and the first pages.
            let end = if turn % 2 == 0 { bytes.len() } else { 8 * 4096 };
            bytes[place % end] ^= 1 << (random >> 30 & 7);
        }
        fs::write(&file, &bytes).unwrap();
        match use_all(path) {
            Ok(found) => {
                assert_eq!(found, entries, "turn {turn}");
                outcomes[0] += 1;
            }
            Err(DatabaseError::Damaged { .. }) => outcomes[1] += 1,
            Err(error) => panic!("turn {turn}: {error}"),
        }
    }
    assert!(outcomes.iter().all(|count| *count > 10), "{outcomes:?}");
}

#[test]
fn damage_that_comes_while_a_store_is_open_is_found_when_it_is_read() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    filled(path);
    // What it keeps in memory is not read again.
    let database = Database::open(path, &COINS, Contents::Keep, 0, |_transaction| Ok(())).unwrap();
    let file = path.join("coins.redb");
    let mut bytes = fs::read(&file).unwrap();
    for byte in bytes.iter_mut().skip(2 * 4096 + 100).step_by(4096) {
        *byte ^= 1;
    }
    fs::write(&file, bytes).unwrap();
    let get = |key| {
        database.read(|transaction| {
            let value = transaction.open_table(ENTRIES)?.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    };
    let first = get(1).unwrap_err().to_string();
    assert!(
        first.contains("coins.redb is damaged: its page at ") && first.ends_with(" is not as it was written"),
        "{first}"
    );
    // The same is said of whatever is tried then.
    assert_eq!(get(500).unwrap_err().to_string(), first);
    let written = database.write(|_transaction| Ok(()));
    assert_eq!(written.unwrap_err().to_string(), first);
}

#[test]
fn nothing_is_read_or_written_after_damage_was_found() {
    let directory = TempDir::new().unwrap();
    let database = open(directory.path(), &COINS).unwrap();
    let reason = |error: DatabaseError| error.to_string().split_once("damaged: ").unwrap().1.to_owned();
    ask_from_hook();
    let panicked = database.read(|_transaction| {
        panic_in_store();
        Ok(())
    });
    let expected = "its pages do not fit together (assertion failed: !name.is_empty())";
    assert_eq!(reason(panicked.unwrap_err()), expected);
    let after = database.read(|_transaction| Ok(())).unwrap_err();
    assert_eq!(reason(after), expected);
    let after = database.write(|_transaction| Ok(())).unwrap_err();
    assert_eq!(reason(after), expected);
    // It does not wait for what the panic left locked.
    drop(database);
}

#[test]
fn a_panic_of_our_own_in_a_change_is_no_damage_and_changes_nothing() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    let entries = filled(path);
    let database = open(path, &COINS).unwrap();
    ask_from_hook();
    let change = |transaction: &WriteTransaction| -> Result<(), redb::Error> {
        transaction.open_table(ENTRIES)?.insert(1, &[9][..])?;
        panic!("a mistake of ours")
    };
    let payload = catch_unwind(AssertUnwindSafe(|| database.write(change))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"a mistake of ours"));
    let get = |key| {
        database.read(|transaction| {
            let value = transaction.open_table(ENTRIES)?.get(key)?;
            Ok(value.map(|value| value.value().to_vec()))
        })
    };
    assert_eq!(get(1).unwrap().as_ref(), Some(&entries[1].1));
    // Nothing waits for what the panic left locked.
    database.write(|_transaction| Ok(())).unwrap();
}

#[test]
fn a_store_without_seals_is_told_as_an_older_one() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("coins.redb");
    drop(redb::Database::create(path).unwrap());
    check(
        directory.path(),
        &COINS,
        "…/coins.redb was written by an older version of this program, whose stores had no seals",
    );
}
