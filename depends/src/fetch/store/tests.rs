use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::fetch::test_support::{CONTENT, FILE, Place};
use crate::observer::Silent;

fn delivery(place: &Place) -> Delivery<'_> {
    Delivery {
        package: "p",
        file: FILE,
        expected: Some(Digest::of(CONTENT)),
        observer: &Silent,
        store: Store::new(&place.config.sources),
    }
}

#[test]
fn a_wrong_file_is_kept_under_another_name() {
    let place = Place::new();
    let path = place.write("sources/p-1.tar.gz", "mine");
    let kept = format!("{FILE}.bad-{}", Digest::of(b"mine").short(N_BAD_DIGITS));
    delivery(&place).receive(CONTENT, None).unwrap();
    assert_eq!(place.sources(), [FILE, &kept]);
    assert_eq!(fs_err::read(&path).unwrap(), CONTENT);
    assert_eq!(fs_err::read(place.path("sources").join(&kept)).unwrap(), b"mine");
    // The same wrong file again is the same kept file.
    fs_err::write(&path, "mine").unwrap();
    delivery(&place).receive(CONTENT, None).unwrap();
    assert_eq!(place.sources(), [FILE, &kept]);
    assert_eq!(fs_err::read(&path).unwrap(), CONTENT);
}

#[test]
fn what_does_not_arrive_leaves_everything_as_it_was() {
    let place = Place::new();
    place.write("sources/p-1.tar.gz", "mine");
    let error = delivery(&place).receive(&b"other"[..], None).unwrap_err();
    assert!(
        matches!(error, DeliveryError::Mismatch { n_bytes: 5, .. }),
        "{error:?}"
    );
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let error = delivery(&place).receive(CONTENT.chain(Broken), None).unwrap_err();
    assert!(matches!(error, DeliveryError::Read { .. }), "{error:?}");
    assert_eq!(place.sources(), [FILE]);
    assert_eq!(fs_err::read(place.path("sources").join(FILE)).unwrap(), b"mine");
}

#[test]
fn a_full_disk_is_told_from_a_broken_transfer() {
    let place = Place::new();
    // What is written to this device meets a full disk.
    let full = fs_err::OpenOptions::new().write(true).open("/dev/full").unwrap();
    match delivery(&place).transfer(CONTENT, full, None) {
        Err(DeliveryError::Store(error)) => assert_eq!(error.kind(), io::ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_old_leftovers_of_the_same_file_are_swept() {
    let place = Place::new();
    let old = SystemTime::now() - 2 * LEFTOVER_AGE;
    for name in [
        ".p-1.tar.gz.old.part",
        ".p-1.tar.gz.other",
        ".q-1.tar.gz.old.part",
    ] {
        let path = place.write(&format!("sources/{name}"), "");
        fs_err::File::open(path)
            .unwrap()
            .file()
            .set_modified(old)
            .unwrap();
    }
    place.write("sources/.p-1.tar.gz.young.part", "");
    delivery(&place).receive(CONTENT, None).unwrap();
    assert_eq!(
        place.sources(),
        [
            ".p-1.tar.gz.other",
            ".p-1.tar.gz.young.part",
            ".q-1.tar.gz.old.part",
            FILE
        ]
    );
}

#[test]
fn any_number_of_deliveries_of_one_file_succeed_at_once() {
    let place = Place::new();
    place.write("sources/p-1.tar.gz", "mine");
    let n_delivered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    delivery(&place).receive(CONTENT, None).unwrap();
                    n_delivered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            let path = place.config.sources.join(FILE);
            while n_delivered.load(Ordering::Relaxed) < 160 {
                let content = fs_err::read(&path).unwrap();
                assert!(content == CONTENT || content == b"mine");
                std::thread::yield_now();
            }
        });
    });
    let kept = format!("{FILE}.bad-{}", Digest::of(b"mine").short(N_BAD_DIGITS));
    assert_eq!(place.sources(), [FILE.to_owned(), kept]);
}
