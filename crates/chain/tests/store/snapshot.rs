//! The chain that upstream's own test mines has the hashes that upstream publishes for it.

use std::io;

use bitcoin::hashes::{Hash, sha256};
use chain::coins::{CoinsCache, CoinsDatabase};
use chain::database::Contents;
use chain::snapshot::{HashKind, MuHash, SnapshotReader, hashed_bytes, statistics, write_snapshot};
use tempfile::TempDir;

use crate::mining::{MAGIC, connect, mine};

#[test]
fn the_coins_of_upstreams_100_blocks_have_the_published_hashes() {
    let directory = TempDir::new().unwrap();
    let database = CoinsDatabase::open(directory.path(), MAGIC, Contents::Keep, 1 << 20).unwrap();
    let mut cache = CoinsCache::new(database).unwrap();
    for (height, block) in (1..).zip(mine(100)) {
        connect(&mut cache, &block, height);
    }
    cache.flush().unwrap();
    let snapshot = cache.snapshot().unwrap();
    let base = snapshot.best_block().unwrap();
    // What upstream's test of `dumptxoutset` expects.
    let hash = "0988393aa1ef9b532f79b4f00d61f3b6c3ca2482cab1657e0d85a5b50b0457a8";
    assert_eq!(base.to_string(), hash);

    let mut file = Vec::new();
    let coins = snapshot
        .iter()
        .unwrap()
        .map(|coin| coin.map_err(io::Error::other));
    write_snapshot(&mut file, base, snapshot.count().unwrap(), coins).unwrap();
    let hash = "22b754d4f0e612474856ad142034cb2ba98f37e20356ca460376d2a0809fd8fe";
    assert_eq!(sha256::Hash::hash(&file).to_string(), hash);

    let found = statistics(snapshot.iter().unwrap(), HashKind::Serialized).unwrap();
    let hash = "4c404a06b9d8f099eed7529f0f62ffb0e350b89c98eb310851b2efb7067a1550";
    assert_eq!(found.hash.unwrap().to_string(), hash);
    assert_eq!((found.coins, found.transactions), (100, 100));
    assert_eq!((found.amount, found.bogo_size), (100 * 5_000_000_000, 100 * 75));

    // And those who read the file have them too.
    let reader = SnapshotReader::new(&file[..]).unwrap();
    assert_eq!((reader.base(), reader.coins()), (base, 100));
    assert_eq!(statistics(reader, HashKind::Serialized).unwrap(), found);

    let mut muhash = MuHash::default();
    for coin in snapshot.iter().unwrap() {
        let (outpoint, coin) = coin.unwrap();
        muhash.insert(&hashed_bytes(&outpoint, &coin));
    }
    let hash = statistics(snapshot.iter().unwrap(), HashKind::MuHash)
        .unwrap()
        .hash;
    assert_eq!(hash, Some(muhash.digest()));
    let none = statistics(snapshot.iter().unwrap(), HashKind::None).unwrap();
    assert_eq!(none, chain::snapshot::CoinsStatistics { hash: None, ..found });
}
