//! The directory of keys.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::{Authorized, KeyError, Keys, Trusted};

fn authorized(name: &str, digit: char) -> Authorized {
    let key = digit.to_string().repeat(64);
    Authorized::new(name, key.parse().unwrap(), None).unwrap()
}

#[test]
fn the_own_key_is_made_once_for_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let keys = Keys::new(root.path());
    let first = keys.identity().unwrap();
    assert_eq!(keys.identity().unwrap().digest(), first.digest());
    let mode = |name: &str| {
        let metadata = fs_err::metadata(root.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("ipc"), mode("ipc/key.pem")), (0o700, 0o600));
    let other = tempfile::tempdir().unwrap();
    assert_ne!(
        Keys::new(other.path()).identity().unwrap().digest(),
        first.digest()
    );
}

#[test]
fn a_key_is_in_use_under_one_name() {
    let root = tempfile::tempdir().unwrap();
    let keys = Keys::new(root.path());
    assert_eq!(keys.authorized().unwrap(), []);
    keys.authorize(authorized("ann", 'a')).unwrap();
    keys.authorize(authorized("bob", 'b')).unwrap();
    let error = keys.authorize(authorized("eve", 'a')).unwrap_err();
    assert_eq!(error.to_string(), "this key is authorised already, as ann");
    // Another key in the place of the first one.
    keys.authorize(authorized("ann", 'c')).unwrap();
    assert_eq!(
        keys.authorized().unwrap(),
        [authorized("ann", 'c'), authorized("bob", 'b')]
    );
    assert!(keys.revoke("ann").unwrap());
    assert!(!keys.revoke("ann").unwrap());
    assert_eq!(keys.authorized().unwrap(), [authorized("bob", 'b')]);
}

#[test]
fn one_key_is_expected_at_each_address() {
    let root = tempfile::tempdir().unwrap();
    let keys = Keys::new(root.path());
    let trusted = |digit: char| {
        Trusted::new(
            "host:1".parse().unwrap(),
            digit.to_string().repeat(64).parse().unwrap(),
        )
    };
    keys.trust(trusted('a')).unwrap();
    keys.trust(trusted('b')).unwrap();
    assert_eq!(keys.trusted().unwrap(), [trusted('b')]);
    assert!(!keys.forget(&"host:2".parse().unwrap()).unwrap());
    assert!(keys.forget(&"host:1".parse().unwrap()).unwrap());
    assert_eq!(keys.trusted().unwrap(), []);
}

#[test]
fn files_that_others_can_read_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let keys = Keys::new(root.path());
    keys.identity().unwrap();
    keys.authorize(authorized("ann", 'a')).unwrap();
    for name in ["key.pem", "authorized"] {
        let path = root.path().join("ipc").join(name);
        for mode in [0o640, 0o604, 0o620] {
            fs_err::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = keys
                .identity()
                .map(drop)
                .and(keys.authorized().map(drop))
                .unwrap_err();
            assert!(matches!(error, KeyError::Exposed { path: exposed } if exposed == path));
        }
        fs_err::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn what_is_no_key_is_not_replaced() {
    let root = tempfile::tempdir().unwrap();
    let keys = Keys::new(root.path());
    keys.identity().unwrap();
    let path = root.path().join("ipc/key.pem");
    fs_err::write(&path, "precious").unwrap();
    assert!(matches!(keys.identity(), Err(KeyError::Key { .. })));
    assert_eq!(fs_err::read_to_string(&path).unwrap(), "precious");
}
