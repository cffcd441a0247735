//! Files are written as upstream's, and what is in them is found again.

use bitcoin::consensus::encode::serialize;
use bitcoin::constants::genesis_block;
use bitcoin::hashes::{Hash, sha256d};
use bitcoin::{BlockHash, Network};
use fs_err as fs;
use proptest::prelude::*;
use tempfile::TempDir;

pub(crate) use super::info::tests::any_info;
use super::layout::Kind;
use super::*;
use crate::undo::BlockUndo;
use crate::undo::tests::any_undo;

const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

/// A block that no other number has, with so many bytes of NEVM data.
fn block(number: u32, n_bytes: usize) -> Block {
    let mut block = genesis_block(Network::Regtest);
    block.header.nonce = number;
    let version = if n_bytes > 0 { 0x84 } else { 4 };
    block.header.version = bitcoin::block::Version::from_consensus(version);
    let mut block = Block::from(block);
    block.nevm_data = vec![7; n_bytes];
    block
}

fn files(directory: &TempDir, sizes: FileSizes) -> BlockFiles {
    let config = FilesConfig {
        directory: directory.path().to_path_buf(),
        magic: MAGIC,
        sizes,
    };
    BlockFiles::new(config, [])
}

fn append(files: &BlockFiles, block: &Block, height: u32) -> FilePosition {
    let time = block.header.pure().time;
    files.append_block(&serialize(block), height, time).unwrap()
}

fn scan(files: &BlockFiles, number: u32) -> Vec<ScannedBlock> {
    let scan = BlockScan::open(&files.config().block_file(number), MAGIC).unwrap();
    scan.map(Result::unwrap).collect()
}

#[test]
fn files_are_as_upstreams() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Normal);
    let (block, previous) = (block(1, 0), BlockHash::hash(b"previous"));
    let bytes = serialize(&block);
    assert_eq!(bytes.len(), 285);
    assert_eq!(append(&files, &block, 0), FilePosition { file: 0, offset: 8 });
    assert_eq!(append(&files, &block, 1), FilePosition { file: 0, offset: 301 });
    let position = files.append_undo(0, &BlockUndo::default(), previous).unwrap();
    assert_eq!(position, FilePosition { file: 0, offset: 8 });
    files.sync().unwrap();

    let record = [&MAGIC[..], &[0x1d, 1, 0, 0], &bytes].concat();
    let written = fs::read(directory.path().join("blk00000.dat")).unwrap();
    assert_eq!(written.len(), 16 << 20);
    assert_eq!(written[..586], [&record[..], &record].concat());
    assert!(written[586..].iter().all(|byte| *byte == 0));
    let checksum = sha256d::Hash::hash(&[previous.as_byte_array(), &[0][..]].concat());
    let written = fs::read(directory.path().join("rev00000.dat")).unwrap();
    assert_eq!(written.len(), 1 << 20);
    let expected = [&MAGIC[..], &[1, 0, 0, 0, 0], checksum.as_byte_array()].concat();
    assert_eq!(written[..41], expected);
}

#[test]
fn a_new_file_begins_when_one_is_full_and_that_is_cut_off() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Small);
    let blocks: Vec<_> = (0..10).map(|number| block(number, 20_000)).collect();
    let mut positions = Vec::new();
    for (height, block) in (0..).zip(&blocks) {
        let position = append(&files, block, height);
        let undo = BlockUndo::default();
        files
            .append_undo(position.file, &undo, BlockHash::all_zeros())
            .unwrap();
        positions.push(position);
    }
    let numbers: Vec<_> = positions.iter().map(|position| position.file).collect();
    assert_eq!(numbers, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
    assert_eq!(files.last_file(), 3);
    for (number, info) in (0..3).zip(files.infos()) {
        let length = |kind| fs::metadata(files.config().path(kind, number)).unwrap().len();
        assert_eq!(length(Kind::Blocks), u64::from(info.size));
        assert_eq!(length(Kind::Undo), u64::from(info.undo_size));
        let heights = (info.first_height, info.last_height);
        assert_eq!((info.blocks, heights), (3, (number * 3, number * 3 + 2)));
    }
    let last = fs::metadata(files.config().block_file(3)).unwrap().len();
    assert_eq!(last, 32 << 10);
    for (position, block) in positions.iter().zip(&blocks) {
        assert_eq!(files.read_block(*position).unwrap(), *block);
    }
}

#[test]
fn a_block_that_is_larger_than_a_file_should_be_has_one_for_itself() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Small);
    let blocks = [block(0, 10), block(1, 5_000_000), block(2, 10)];
    let positions = [0, 1, 2].map(|place| append(&files, &blocks[place], 7));
    assert_eq!(positions.map(|position| position.file), [0, 1, 2]);
    for (position, block) in positions.iter().zip(&blocks) {
        assert_eq!(files.read_block(*position).unwrap(), *block);
        let scanned = scan(&files, position.file);
        assert_eq!(scanned.len(), 1);
        assert_eq!(scanned[0].offset, u64::from(position.offset));
        assert_eq!(scanned[0].block, *block);
    }
}

#[test]
fn what_is_not_at_a_position_is_told() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Small);
    let (previous, other) = (BlockHash::hash(b"previous"), BlockHash::hash(b"other"));
    append(&files, &block(0, 0), 0);
    let undo = files.append_undo(0, &BlockUndo::default(), previous).unwrap();
    for offset in [0, 7, 9, 301, 16 << 10, u32::MAX] {
        let position = FilePosition { file: 0, offset };
        let error = files.read_block(position).unwrap_err();
        assert!(
            matches!(error, FilesError::Nothing(told) if told == position),
            "{error}"
        );
    }
    let missing = FilePosition { file: 1, offset: 8 };
    let error = files.read_block(missing).unwrap_err().to_string();
    assert!(error.contains("blk00001.dat"), "{error}");
    let error = files.read_undo(undo, other).unwrap_err();
    assert!(
        matches!(error, FilesError::Checksum(told) if told == undo),
        "{error}"
    );

    let path = files.config().block_file(0);
    let mut bytes = fs::read(&path).unwrap();
    // The number of transactions.
    bytes[8 + 80] = 0xff;
    fs::write(&path, bytes).unwrap();
    let error = files.read_block(undo).unwrap_err();
    assert!(matches!(error, FilesError::Block { .. }), "{error}");
}

#[test]
fn what_was_not_remembered_is_written_over() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Small);
    append(&files, &block(0, 0), 0);
    let remembered = files.take_changes();
    assert_eq!(remembered.len(), 1);
    append(&files, &block(1, 900), 1);
    assert_eq!(files.take_changes(), [(0, files.infos()[0])]);
    assert_eq!(files.take_changes(), []);

    let files = BlockFiles::new(files.config().clone(), remembered);
    let position = append(&files, &block(2, 0), 1);
    assert_eq!(position.offset, 301);
    assert_eq!(files.read_block(position).unwrap(), block(2, 0));
    let scanned = scan(&files, 0).into_iter().map(|scanned| scanned.block);
    assert_eq!(scanned.collect::<Vec<_>>(), [block(0, 0), block(2, 0)]);
}

#[test]
fn blocks_that_are_found_are_noted_as_if_they_were_added() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Small);
    for number in 0..8 {
        append(&files, &block(number, 10_000), number);
    }
    let found = BlockFiles::new(files.config().clone(), []);
    for number in 0..=files.last_file() {
        for scanned in scan(&files, number) {
            let offset = u32::try_from(scanned.offset).unwrap();
            let position = FilePosition { file: number, offset };
            let pure = scanned.block.header.pure();
            found.note_block(position, scanned.length, pure.nonce, pure.time);
        }
    }
    assert_eq!(found.infos(), files.infos());
    assert_eq!(found.last_file(), files.last_file());
    assert_eq!(found.take_changes(), files.take_changes());
}

#[test]
fn a_file_that_is_removed_is_forgotten() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Small);
    let positions: Vec<_> = (0..5)
        .map(|number| append(&files, &block(number, 20_000), number))
        .collect();
    files
        .append_undo(0, &BlockUndo::default(), BlockHash::all_zeros())
        .unwrap();
    assert_eq!(files.take_changes().len(), 2);
    files.remove(0).unwrap();
    assert_eq!(files.take_changes(), [(0, FileInfo::default())]);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    assert!(files.read_block(positions[0]).is_err());
    assert_eq!(files.read_block(positions[4]).unwrap(), block(4, 20_000));
    files.remove(0).unwrap();
    files.sync().unwrap();
}

/// Bytes between blocks: any, zeros, parts of a magic, a length that is too large, or a block that is cut off.
fn any_garbage() -> impl Strategy<Value = Vec<u8>> {
    let cut = (1_usize..280).prop_map(|length| {
        let bytes = serialize(&block(9, 0));
        [&MAGIC[..], &[0x1d, 1, 0, 0], &bytes[..length]].concat()
    });
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        (0_usize..3_000_000).prop_map(|length| vec![0; length]),
        (0_usize..4).prop_map(|length| MAGIC[..length].to_vec()),
        any::<[u8; 4]>().prop_map(|length| [MAGIC, length].concat()),
        cut,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn blocks_are_found_among_anything_else(
        parts in prop::collection::vec((any_garbage(), 0_usize..2000), 0..6), end in any_garbage(),
    ) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("any.dat");
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for (number, (garbage, size)) in (0..).zip(parts) {
            bytes.extend(garbage);
            let block = block(number, size);
            let block_bytes = serialize(&block);
            let length = u32::try_from(block_bytes.len()).unwrap();
            bytes.extend([MAGIC, length.to_le_bytes()].concat());
            expected.push(ScannedBlock { offset: bytes.len() as u64, length, block });
            bytes.extend(block_bytes);
        }
        bytes.extend(end);
        fs::write(&path, bytes).unwrap();
        let found: Result<Vec<_>, _> = BlockScan::open(&path, MAGIC).unwrap().collect();
        prop_assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn any_undo_data_is_read_as_it_was_written(undos in prop::collection::vec(any_undo(), 1..5)) {
        let directory = TempDir::new().unwrap();
        let files = files(&directory, FileSizes::Small);
        let hash = |undo: &BlockUndo| BlockHash::hash(&undo.to_bytes());
        let write = |undo: &BlockUndo| files.append_undo(3, undo, hash(undo)).unwrap();
        let positions: Vec<_> = undos.iter().map(write).collect();
        for (position, undo) in positions.into_iter().zip(&undos) {
            prop_assert_eq!(&files.read_undo(position, hash(undo)).unwrap(), undo);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn room_that_nothing_was_written_to_takes_no_time() {
    let directory = TempDir::new().unwrap();
    let files = files(&directory, FileSizes::Normal);
    append(&files, &block(1, 0), 0);
    files.sync().unwrap();
    let path = files.config().block_file(0);
    let record = fs::read(&path).unwrap()[..293].to_vec();
    let begin = std::time::Instant::now();
    let last = 1_u64 << 42;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Blocks after a hole are found, and nothing after the second.
    std::os::unix::fs::FileExt::write_all_at(file.file(), &record, last).unwrap();
    file.set_len(last + last / 2).unwrap();
    let found: Vec<_> = scan(&files, 0)
        .into_iter()
        .map(|scanned| scanned.offset)
        .collect();
    assert_eq!(found, [8, last + 8]);
    assert!(begin.elapsed() < std::time::Duration::from_secs(60));
}
