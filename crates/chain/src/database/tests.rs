//! Stores are found again as they were, and nothing else is taken for one.

use tempfile::TempDir;

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
    let damaged = "…/coins.redb is damaged: Not a redb database: magic number mismatch";
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
