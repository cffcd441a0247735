//! Claims about loading and checking.

use super::*;

const PREFIX_PROFILE: &str = r#"
schema = 1
[provenance]
generator = "depends 0.1.0"
final-build-id = "0011223344556677"
recipes-sha256 = "8899aabbccddeeff"
options = ["MULTIPLE=1"]
[host]
triplet = "x86_64-pc-linux-gnu"
rust-target = "x86_64-unknown-linux-gnu"
[features]
multiple = true
wallet = "auto"
[tools]
capnp = "native/bin/capnp"
sh = "sh"
absent = "no-such-program-here"
[search]
prefix = ".."
include = ["include"]
lib = ["lib"]
pkg-config = ["lib/pkgconfig"]
cmake = ["lib/cmake"]
native-bin = ["native/bin"]
allow-host-packages = false
"#;

fn prefix() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let share = directory.path().join("a prefix/share");
    fs_err::create_dir_all(&share).unwrap();
    fs_err::write(share.join(FILE_NAME), PREFIX_PROFILE).unwrap();
    let path = share.join(FILE_NAME);
    (directory, path)
}

#[test]
fn a_moved_prefix_still_finds_its_tools() {
    let (directory, path) = prefix();
    let profile = SiteProfile::load(&path).unwrap();
    assert!(matches!(
        profile.tool("capnp"),
        Err(ProfileError::ToolMissing { .. })
    ));
    let moved = directory.path().join("moved");
    fs_err::rename(directory.path().join("a prefix"), &moved).unwrap();
    fs_err::create_dir_all(moved.join("native/bin")).unwrap();
    fs_err::write(moved.join("native/bin/capnp"), "").unwrap();
    let profile = SiteProfile::load(&moved.join("share").join(FILE_NAME)).unwrap();
    let moved = fs_err::canonicalize(moved).unwrap();
    assert_eq!(profile.prefix(), Some(moved.clone()));
    assert_eq!(profile.tool("capnp").unwrap(), moved.join("native/bin/capnp"));
    assert!(profile.tool("sh").unwrap().is_absolute());
    assert!(matches!(
        profile.tool("absent"),
        Err(ProfileError::ToolMissing { .. })
    ));
    assert!(matches!(
        profile.tool("mpgen"),
        Err(ProfileError::ToolUnknown { .. })
    ));
}

#[test]
fn auto_is_not_on() {
    let (_directory, path) = prefix();
    let profile = SiteProfile::load(&path).unwrap();
    assert!(profile.feature("multiple"));
    assert!(!profile.feature("wallet"));
    assert!(!profile.feature("unheard-of"));
}

#[test]
fn a_profile_copied_out_of_its_prefix_is_refused() {
    let (directory, path) = prefix();
    let copy = directory.path().join("copy.toml");
    fs_err::copy(path, &copy).unwrap();
    assert!(matches!(
        SiteProfile::load(&copy),
        Err(ProfileError::OutsidePrefix { .. })
    ));
}

#[test]
fn what_is_no_profile_is_refused_with_its_place() {
    let (directory, _) = prefix();
    let path = directory.path().join("p.toml");
    for (text, expected) in [
        ("enable_wallet=no\nif test; then\n", "is not a site profile"),
        ("features = {}\n", "has no `schema`"),
        ("schema = 2\n[features]\n", "schema version 2"),
        ("schema = 1\n[features]\nwallet = \"yes\"\n", "line 3, column 10"),
        ("schema = 1\nflavour = 3\n[features]\n", "line 2, column 1"),
    ] {
        fs_err::write(&path, text).unwrap();
        let message = SiteProfile::load(&path).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert!(matches!(
        SiteProfile::load(&directory.path().join("none")),
        Err(ProfileError::Unreadable { .. })
    ));
}

#[test]
fn what_is_written_reads_back_the_same() {
    let (_directory, path) = prefix();
    let profile = SiteProfile::load(&path).unwrap();
    let text = toml::to_string(profile.profile()).unwrap();
    assert_eq!(&Profile::parse(&text, &path).unwrap(), profile.profile());
}

#[test]
fn the_file_for_configure_scripts_is_refused_with_the_one_that_is_wanted() {
    let (_directory, path) = prefix();
    let wrong = path.with_file_name("config.site");
    fs_err::write(&wrong, "enable_wallet=no\n").unwrap();
    let error = SiteProfile::load(&wrong).unwrap_err().to_string();
    assert!(error.contains("is for configure scripts"), "{error}");
    assert!(
        error.ends_with(&format!("set CONFIG_SITE to {}", path.display())),
        "{error}"
    );
}
