//! Any bytes as a stream of frames: what is read is what Cap'n Proto's own reader reads, in however many pieces it comes.

#![no_main]

use capnp::message::{ReaderOptions, ReaderSegments as _};
use ipc::fuzzing::read_frames;
use libfuzzer_sys::fuzz_target;

/// Cap'n Proto's own reader takes fewer.
const SEGMENTS: usize = 512;

fuzz_target!(|bytes: &[u8]| {
    let frames = read_frames(bytes, usize::MAX);
    for piece in [1, 7] {
        assert_eq!(read_frames(bytes, piece), frames);
    }
    let mut rest = bytes;
    for segments in frames.frames.iter().filter(|segments| segments.len() < SEGMENTS) {
        let Ok(message) = capnp::serialize::read_message(&mut rest, ReaderOptions::new()) else {
            panic!("{segments:?} are taken for a message");
        };
        let others = message.into_segments();
        assert_eq!(segments.len(), others.len());
        for (number, segment) in (0..).zip(segments) {
            assert_eq!(others.get_segment(number), Some(&segment[..]));
        }
    }
});
