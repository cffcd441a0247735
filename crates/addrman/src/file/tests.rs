use bitcoin::hashes::{Hash as _, sha256d};
use proptest::prelude::*;

use super::*;
use crate::manager::tests::{Step, run, steps};

const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// What is kept of a manager.
fn kept(manager: &AddressManager) -> Vec<String> {
    let tables = [Table::New, Table::Tried];
    let all = tables.into_iter().flat_map(|table| {
        manager.entries(table).map(move |(place, entry)| {
            let (success, attempts) = (entry.last_success, entry.attempts);
            format!(
                "{table:?} {place:?} {:?} {} {success} {attempts}",
                entry.peer, entry.source
            )
        })
    });
    all.collect()
}

fn filled() -> AddressManager {
    let mut manager = AddressManager::with_secrets(crate::bucket::Key([7; 32]), &[1; 32]);
    for number in 0..40 {
        run(
            &mut manager,
            &Step::Add {
                node: number,
                source: number % 5,
            },
        );
        if number % 3 == 0 {
            run(&mut manager, &Step::Good { node: number });
        }
    }
    manager
}

/// The file with the hash that belongs to what it says.
fn signed(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - 32);
    let hash = sha256d::Hash::hash(&bytes);
    bytes.extend(hash.to_byte_array());
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes, MAGIC).unwrap_err().to_string()
}

#[test]
fn a_damaged_file_is_refused_in_upstreams_words() {
    let file = write(&filled(), MAGIC);
    assert!(read(&file, MAGIC).is_ok());
    let with = |offset: usize, value: &[u8]| {
        let mut bytes = file.clone();
        bytes[offset..offset + value.len()].copy_from_slice(value);
        signed(bytes)
    };
    assert_eq!(refusal(&with(0, b"abcd")), "Invalid network magic number");
    assert_eq!(
        refusal(&with(5, &[31])),
        "Corrupted addrman database: The compat value (31) is lower than the expected minimum value 32.: iostream error"
    );
    assert!(matches!(
        read(&with(4, &[200, 37]), MAGIC),
        Err(PeersError::Unsupported {
            format: 200,
            oldest: 5
        })
    ));
    assert_eq!(
        refusal(&with(38, &(-1_i32).to_le_bytes())),
        "Corrupt AddrMan serialization: nNew=-1, should be in [0, 65536]: iostream error"
    );
    assert_eq!(
        refusal(&with(42, &20_000_i32.to_le_bytes())),
        "Corrupt AddrMan serialization: nTried=20000, should be in [0, 16384]: iostream error"
    );
    assert_eq!(
        refusal(&file[..file.len() - 1]),
        "AutoFile::read: end of file: iostream error"
    );
    let mut changed = file.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    assert_eq!(refusal(&changed), "Checksum mismatch, data corrupted");
    let mut manager = filled();
    manager.key.0 = [0; 32];
    assert!(
        refusal(&write(&manager, MAGIC)).starts_with("Corrupt data. Consistency check failed with code -1")
    );
}

#[test]
fn an_empty_file_is_as_upstream_writes_it() {
    let manager = AddressManager::with_secrets(crate::bucket::Key([1; 32]), &[1; 32]);
    let file = write(&manager, MAGIC);
    let mut expected = MAGIC.to_vec();
    expected.extend([4, 36]);
    expected.extend([1; 32]);
    expected.extend([0; 8]);
    expected.extend([0x00, 0x04, 0x00, 0x40]);
    expected.extend([0; 4 * 1024]);
    expected.extend([0; 32]);
    assert_eq!(file[..file.len() - 32], expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_written_reads_back(steps in steps()) {
        let mut manager = AddressManager::with_secrets(crate::bucket::Key([7; 32]), &[1; 32]);
        for step in &steps {
            run(&mut manager, step);
        }
        let file = write(&manager, MAGIC);
        let back = read(&file, MAGIC).unwrap();
        prop_assert_eq!(kept(&back), kept(&manager));
        prop_assert_eq!(kept(&read(&write(&back, MAGIC), MAGIC).unwrap()), kept(&manager));
    }

    #[test]
    fn changed_bytes_are_refused_or_read_as_something_sound(
        changes in proptest::collection::vec((0_usize..3_000, any::<u8>()), 1..6),
        cut in 0_usize..5_000,
    ) {
        let mut bytes = write(&filled(), MAGIC);
        for (offset, value) in changes {
            let offset = offset % bytes.len();
            bytes[offset] = value;
        }
        for bytes in [signed(bytes.clone()), bytes[..cut.min(bytes.len())].to_vec(), bytes] {
            if let Ok(manager) = read(&bytes, MAGIC) {
                prop_assert_eq!(manager.check(), Ok(()));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let file = [&MAGIC[..], &[4, 36], &bytes].concat();
        _ = read(&file, MAGIC);
        _ = read(&bytes, MAGIC);
    }
}
