//! Any bytes as what a node keeps in files: what is read is written so that it is read again.

#![no_main]

use chain::coin::{parse_coin, write_coin};
use chain::undo::BlockUndo;
use libfuzzer_sys::fuzz_target;
use mempool::Dump;
use mempool::estimator::FeeEstimator;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 4 {
        0 => coin(bytes),
        1 => undo(bytes),
        2 => dump(bytes),
        _ => estimates(bytes),
    }
});

fn coin(bytes: &[u8]) {
    if let Ok(coin) = parse_coin(bytes) {
        let mut written = Vec::new();
        write_coin(&coin, &mut written);
        assert_eq!(parse_coin(&written), Ok(coin));
    }
}

fn undo(bytes: &[u8]) {
    if let Ok(undo) = BlockUndo::parse(bytes) {
        assert_eq!(BlockUndo::parse(&undo.to_bytes()), Ok(undo));
    }
}

fn dump(mut bytes: &[u8]) {
    if let Ok(dump) = Dump::read(&mut bytes) {
        let mut written = Vec::new();
        dump.write(&mut written).expect("memory can be written to");
        assert_eq!(Dump::read(&mut &written[..]).ok(), Some(dump));
    }
}

fn estimates(mut bytes: &[u8]) {
    if let Ok(estimator) = FeeEstimator::read(&mut bytes) {
        let mut written = Vec::new();
        estimator.write(&mut written).expect("memory can be written to");
        let again = FeeEstimator::read(&mut &written[..]).expect("it was written by us");
        let mut rewritten = Vec::new();
        again.write(&mut rewritten).expect("memory can be written to");
        assert_eq!(rewritten, written);
        _ = estimator.smart_estimate(6, mempool::estimator::Mode::Economical);
    }
}
