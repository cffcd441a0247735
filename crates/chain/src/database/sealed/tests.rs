//! What was written is read, or it is told that it is not as it was written.

mod stops;

use fs_err as fs;
use proptest::prelude::*;
use redb::backends::FileBackend;
use tempfile::TempDir;

use super::*;

const HEADER_BYTES: [u8; HEADER] = [7; HEADER];

fn open(directory: &TempDir) -> Sealed<FileBackend> {
    let path = directory.path().join("file");
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap();
    let backend = FileBackend::new(file.into_parts().0).unwrap();
    Sealed::new(backend).unwrap().unwrap()
}

fn page(number: u64, byte: u8) -> (u64, Vec<u8>) {
    (number * PAGE as u64, vec![byte; PAGE])
}

fn read(file: &Sealed<FileBackend>, number: u64) -> io::Result<u8> {
    let mut found = vec![0xee; PAGE];
    file.read(number * PAGE as u64, &mut found)?;
    assert!(found.iter().all(|byte| *byte == found[0]));
    Ok(found[0])
}

/// A change of a file.
#[derive(Debug, Clone)]
enum Step {
    /// Pages from this one on get these bytes.
    Write(u64, Vec<u8>),
    /// It has so many pages, the header's included.
    Resize(u64),
    Reopen,
}

fn any_step() -> impl Strategy<Value = Step> {
    // At the beginning, and at the border of two groups.
    let number = prop_oneof![1_u64..6, PAGES - 3..PAGES + 4, 2 * PAGES - 3..2 * PAGES + 4];
    prop_oneof![
        4 => (number.clone(), prop::collection::vec(0_u8..4, 1..6)).prop_map(|(at, bytes)| Step::Write(at, bytes)),
        2 => number.prop_map(Step::Resize),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_are_read_as_they_were_written_last(steps in prop::collection::vec(any_step(), 1..20)) {
        let directory = TempDir::new().unwrap();
        let mut file = open(&directory);
        file.set_len(6 * PAGE as u64).unwrap();
        file.write(0, &HEADER_BYTES).unwrap();
        let mut expected = vec![0_u8; 6];
        for step in steps {
            match step {
                Step::Write(at, bytes) => {
                    let end = usize::try_from(at).unwrap() + bytes.len();
                    if expected.len() < end {
                        expected.resize(end, 0);
                        file.set_len(end as u64 * PAGE as u64).unwrap();
                    }
                    let data: Vec<u8> = bytes.iter().flat_map(|byte| vec![*byte; PAGE]).collect();
                    file.write(at * PAGE as u64, &data).unwrap();
                    expected[end - bytes.len()..end].copy_from_slice(&bytes);
                }
                Step::Resize(pages) => {
                    expected.resize(usize::try_from(pages).unwrap(), 0);
                    file.set_len(pages * PAGE as u64).unwrap();
                }
                Step::Reopen => {
                    file.sync_data().unwrap();
                    drop(file);
                    file = open(&directory);
                }
            }
            prop_assert_eq!(file.len().unwrap(), (expected.len() * PAGE) as u64);
        }
        let mut header = [0; HEADER];
        file.read(0, &mut header).unwrap();
        prop_assert_eq!(header, HEADER_BYTES);
        for (number, byte) in expected.iter().enumerate().skip(1) {
            prop_assert_eq!(read(&file, number as u64).unwrap(), *byte, "page {}", number);
        }
        // At once, across the groups.
        let mut all = vec![0; (expected.len() - 1) * PAGE];
        if !all.is_empty() {
            file.read(PAGE as u64, &mut all).unwrap();
            prop_assert!(all.chunks(PAGE).zip(&expected[1..]).all(|(page, byte)| page[0] == *byte));
        }
    }
}

#[test]
fn each_byte_that_counts_is_guarded() {
    let directory = TempDir::new().unwrap();
    {
        let file = open(&directory);
        file.set_len(4 * PAGE as u64).unwrap();
        file.write(0, &HEADER_BYTES).unwrap();
        for number in 1..3 {
            let (offset, data) = page(number, 9);
            file.write(offset, &data).unwrap();
        }
        file.close().unwrap();
    }
    let path = directory.path().join("file");
    let good = fs::read(&path).unwrap();
    // The header's page, that of the seals, and three pages, of which one is empty.
    assert_eq!(good.len(), 5 * PAGE);
    let check = |place: usize, refused: &[u64]| {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        let file = open(&directory);
        let mut header = [0; HEADER];
        let of_header = file.read(0, &mut header).map(|()| 0);
        for (number, outcome) in [of_header, read(&file, 1), read(&file, 2), read(&file, 3)]
            .into_iter()
            .enumerate()
        {
            let is_refused = refused.contains(&(number as u64));
            match outcome {
                Ok(_) => assert!(!is_refused, "{place}: {number}"),
                Err(error) => {
                    let expected = format!("its page at {} is not as it was written", number * PAGE);
                    assert!(
                        is_refused && error.to_string() == expected,
                        "{place}: {number}: {error}"
                    );
                }
            }
        }
    };
    for (place, refused) in [
        (0, 0),
        (HEADER - 1, 0),
        (HEADER, 0),
        (HEADER + 3, 0),
        (PAGE, 1),
        (PAGE + 7, 2),
        (PAGE + 8, 3),
        (2 * PAGE, 1),
        (3 * PAGE - 1, 1),
        (3 * PAGE, 2),
        (4 * PAGE + 100, 3),
    ] {
        check(place, &[refused]);
    }
    // What says that it has seals.
    for place in [HEADER + SEAL, SEALED_HEADER - 1] {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(&path, bytes).unwrap();
        let file = FileBackend::new(fs::File::open(&path).unwrap().into_parts().0).unwrap();
        let refused = Sealed::new(file).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidData, "{place}");
    }
    // What nothing is read from.
    check(SEALED_HEADER + 100, &[]);
    check(PAGE + 12, &[]);
}

#[test]
fn what_went_wrong_first_is_remembered() {
    let directory = TempDir::new().unwrap();
    let file = open(&directory);
    file.set_len(3 * PAGE as u64).unwrap();
    let first_error = file.first_error();
    assert!(first_error.get().is_none());
    file.read(PAGE as u64, &mut [0; 7]).unwrap_err();
    file.read(PAGE as u64, &mut [0; 9]).unwrap_err();
    let remembered = first_error.get().unwrap();
    assert_eq!(remembered.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(remembered.to_string(), "7 bytes at 4096 are no pages");
}

#[test]
fn a_page_in_the_place_of_another_is_not_taken_for_it() {
    let directory = TempDir::new().unwrap();
    {
        let file = open(&directory);
        file.set_len(3 * PAGE as u64).unwrap();
        file.write(0, &HEADER_BYTES).unwrap();
        for (number, byte) in [(1, 1), (2, 2)] {
            let (offset, data) = page(number, byte);
            file.write(offset, &data).unwrap();
        }
        file.close().unwrap();
    }
    let path = directory.path().join("file");
    let mut bytes = fs::read(&path).unwrap();
    // With its seal.
    bytes.copy_within(2 * PAGE..3 * PAGE, 3 * PAGE);
    bytes.copy_within(PAGE..PAGE + SEAL, PAGE + SEAL);
    fs::write(&path, bytes).unwrap();
    let file = open(&directory);
    assert_eq!(read(&file, 1).unwrap(), 1);
    assert_eq!(read(&file, 2).unwrap_err().kind(), io::ErrorKind::InvalidData);
}

#[test]
fn what_are_no_pages_is_neither_read_nor_written() {
    let directory = TempDir::new().unwrap();
    let file = open(&directory);
    file.set_len(3 * PAGE as u64).unwrap();
    for (offset, length) in [(PAGE as u64, 7), (PAGE as u64 + 1, PAGE), (0, PAGE)] {
        let refused = file.read(offset, &mut vec![0; length]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
        let refused = file.write(offset, &vec![0; length]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    }
}
