//! Sources that are not what they should be: broken downloads, archives that reach outside, and directories that nobody
//! may write to.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use depends::digest::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::EntryType;

use crate::support::{Package, World, assert_says, child, files};

#[test]
fn a_broken_download_leads_to_the_next_route_and_all_that_failed_are_named() {
    let package = Package::headers("a");
    let world = World::new([]);
    let server = &world.server;
    let archive = package.archive();
    let half = archive.len() / 2;
    let mut flipped = archive.clone();
    flipped[half] ^= 1;
    server.put("/page", "<!DOCTYPE html><html>Please log in</html>");
    server.put("/empty", "");
    server.put("/half", &archive[..half]);
    server.put("/longer", [archive.as_slice(), b"x"].concat());
    server.put("/flipped", flipped);
    server.put("/broken", archive.clone());
    server.break_off("/broken", half);
    server.put("/silent", archive);
    server.break_off("/silent", 0);
    let broken_off = format!("the transfer broke off after {half} bytes");
    let rows = [
        ("/page", "has the wrong digest"),
        ("/empty", "has the wrong digest"),
        ("/half", "has the wrong digest"),
        ("/longer", "has the wrong digest"),
        ("/flipped", "has the wrong digest"),
        ("/broken", &broken_off),
        ("/silent", "the transfer broke off after 0 bytes"),
        ("/missing", "the server answers 404"),
    ];
    let route = |path: &str| format!("{{ url = {:?} }}", server.url(path));
    for (path, reason) in rows {
        let _ = fs_err::remove_dir_all(world.base());
        world.add(&package.clone().routes(&[route(path), route(&package.route())]));
        let run = world.run();
        assert!(run.install().changed, "{path}");
        let lines = run.recorder.lines();
        let failed = lines.iter().any(|line| {
            line.starts_with(&format!("a: {} failed: ", server.url(path))) && line.contains(reason)
        });
        assert!(failed, "{path}: {lines:#?}");
        assert_eq!(
            files(&world.path("base/sources")),
            [PathBuf::from("a-1.0.tar.gz")],
            "{path}"
        );
    }

    let _ = fs_err::remove_dir_all(world.base());
    world.add(&package.routes(&rows.map(|(path, _)| route(path))));
    let message = world.run().failure();
    for (path, reason) in rows {
        let line = message.lines().find(|line| line.contains(&server.url(path)));
        assert!(
            line.is_some_and(|line| line.contains(reason)),
            "{path}: {message}"
        );
    }
    assert_eq!(files(&world.path("base/sources")), Vec::<PathBuf>::new());
    assert_eq!(files(&world.path("base/built")), Vec::<PathBuf>::new());
}

/// An archive with these entries: kind, path and target, taken as they are.
fn archive(entries: &[(EntryType, &str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (kind, path, target) in entries {
        let mut header = tar::Header::new_gnu();
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..path.len()].copy_from_slice(path.as_bytes());
        gnu.linkname[..target.len()].copy_from_slice(target.as_bytes());
        let contents: &[u8] = if *kind == EntryType::Regular { b"text" } else { b"" };
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_size(contents.len() as u64);
        header.set_cksum();
        builder.append(&header, contents).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

#[test]
fn archives_that_reach_outside_are_refused_and_write_nothing() {
    use EntryType::{Directory, Link, Regular, Symlink};
    let world = World::new([]);
    let outside = world.path("outside");
    fs_err::create_dir(&outside).unwrap();
    let absolute = outside.join("escaped").display().to_string();
    let outside_text = outside.display().to_string();
    let rows: [(&[_], &str); 8] = [
        (&[(Regular, absolute.as_str(), "")], "is an absolute path"),
        (
            &[(Regular, "a-1.0/../../../escaped", "")],
            "leads upwards with `..`",
        ),
        (
            &[(Directory, "a-1.0", ""), (Regular, "../../../../../escaped", "")],
            "leads upwards with `..`",
        ),
        (
            &[(Symlink, "a-1.0/link", outside_text.as_str())],
            "which is outside the source tree",
        ),
        (
            &[(Symlink, "a-1.0/link", "../../outside")],
            "which is outside the source tree",
        ),
        (
            &[
                (Symlink, "a-1.0/link", outside_text.as_str()),
                (Regular, "a-1.0/link/escaped", ""),
            ],
            "is not a directory",
        ),
        (
            &[(Link, "a-1.0/link", "/etc/passwd")],
            "is a link to \"/etc/passwd\", which is outside the source tree",
        ),
        (
            &[(Link, "a-1.0/link", "../../../../etc/passwd")],
            "is a link to \"../../../../etc/passwd\", which is outside the source tree",
        ),
    ];
    let package = Package::headers("a");
    for (entries, reason) in rows {
        let bytes = archive(&[&[(Regular, "a-1.0/COPYING", "")], entries].concat());
        let recipe = package
            .recipe(&world.server)
            .replace(&package.sha256(), &Digest::of(&bytes).to_string());
        world.write("packages/a/package.toml", &recipe);
        world.server.put(&package.route(), bytes);
        assert_says(
            &world.run().failure(),
            &["a was not built", "a-1.0.tar.gz", reason],
        );
        let escaped: Vec<_> = files(world.path("").as_path())
            .into_iter()
            .filter(|file| file.ends_with("escaped") || file.ends_with("link"))
            .collect();
        assert_eq!(escaped, Vec::<PathBuf>::new());
        assert_eq!(files(&world.path("base/built")), Vec::<PathBuf>::new());
    }
    world.add(&package);
    assert!(world.run().install().changed);
}

/// Installs as one to whom the modes of files mean what they say, which they do not to root.
fn install_below_modes(world: &World, sources: &Path) -> Result<(), String> {
    let probe = format!(
        "if touch '{0}/probe'; then echo {0} can be written; exit 1; fi 2>/dev/null\nexec \"$0\" \"$@\"",
        sources.display()
    );
    let before = if rustix::process::geteuid().is_root() {
        format!(
            "exec setpriv --bounding-set=-all --inh-caps=-all sh -c '{}' \"$0\" \"$@\"",
            probe.replace('\'', "'\\''")
        )
    } else {
        probe
    };
    child::finish(child::install(
        &world.run().option("SOURCES_PATH", sources),
        &before,
    ))
}

#[test]
fn a_directory_of_sources_that_cannot_be_written_is_read() {
    let packages = [
        Package::headers("a"),
        Package::library("b", "int b;\n").needs(&["a"]),
    ];
    let world = World::new(packages.clone());
    let sources = world.path("read only");
    fs_err::create_dir(&sources).unwrap();
    let lock = |mode| fs_err::set_permissions(&sources, std::fs::Permissions::from_mode(mode)).unwrap();
    fs_err::write(sources.join("a-1.0.tar.gz"), packages[0].archive()).unwrap();
    lock(0o555);
    let message = install_below_modes(&world, &sources).unwrap_err();
    assert_says(
        &message,
        &[
            "b: cannot keep its source",
            sources.to_str().unwrap(),
            "ermission denied",
        ],
    );
    lock(0o755);
    fs_err::write(sources.join("b-1.0.tar.gz"), packages[1].archive()).unwrap();
    lock(0o555);
    let n_requests = world.server.requests().len();
    install_below_modes(&world, &sources).unwrap();
    assert_eq!(world.server.requests().len(), n_requests);
    assert_eq!(files(&sources).len(), 2);
    lock(0o755);
}

#[test]
fn a_checkout_behind_a_link_gives_the_same_packages() {
    let world = World::new([
        Package::library("a", "const char *a(void) { return __FILE__; }\n"),
        Package::headers("b").needs(&["a"]),
    ]);
    let link = world.path("link");
    let real = world.path("real");
    fs_err::create_dir(&real).unwrap();
    fs_err::rename(world.recipes(), real.join("packages")).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let run = |checkout: &Path, base: &str| {
        let mut run = world.run().base(checkout.join(base));
        run.recipes = checkout.join("packages");
        run
    };
    assert!(run(&link, "base").install().changed);
    let directly = run(&real, "other base");
    directly.install();
    for name in ["a", "b"] {
        let read = |run: &crate::support::Run| fs_err::read(run.cached(name, "tar.gz")).unwrap();
        assert!(read(&run(&link, "base")) == read(&directly), "{name}");
    }
    let again = run(&real, "base");
    assert!(!again.install().changed);
    assert!(!run(&link, "base").install().changed);
}
