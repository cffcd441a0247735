//! What is built is looked at before it is kept.

use crate::support::{Package, World, assert_says};

/// A makefile that compiles as it likes.
fn careless(flags: &str) -> Package {
    let makefile = format!(
        "all:\n\tcc {flags} -c m.c\n\tar rcD libm.a m.o\n\
         install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/lib\n\tcp libm.a $(DESTDIR)$(PREFIX)/lib\n"
    );
    Package::new("m", "system = \"make\"")
        .file("Makefile", &makefile)
        .file("m.c", "extern int other;\nint m(void) { return other; }\n")
}

#[test]
fn a_package_with_faults_is_refused_with_all_of_them_and_what_mends_them() {
    let script = "mkdir -p $out/lib/pkgconfig $out/lib64; touch $out/lib64/x; ln -s missing $out/lib/link\n\
                  printf 'prefix=/usr\\nRequires: zlib\\n' > $out/lib/pkgconfig/p.pc; chmod 4755 $out/lib64/x\n\
                  mkdir -p {stage}/usr; touch {stage}/usr/lost";
    let world = World::new([Package::script("p", script).strict()]);
    let run = world.run();
    assert_says(
        &run.failure(),
        &[
            "p was built, and is not fit to be used:",
            "absolute-path: the prefix is moved: write paths relative to ${pcfiledir}",
            "  lib/pkgconfig/p.pc: this pkg-config file names /usr",
            "  lib64/x: runs as another user or group: mode 4755",
            "  lib/link: leads to missing, which is not there",
            "  lib64: a directory that nothing looks into",
            "  /usr/lost: installed outside of the prefix, which is /depends-prefix",
            "  lib/pkgconfig/p.pc: Requires names zlib, which no dependency provides",
            "lint.allow = [{ rule = \"…\", path = \"…\", why = \"…\" }]",
        ],
    );
    assert!(!run.cached("p", "tar.gz").exists());
}

#[test]
fn an_excused_fault_is_kept_and_recorded_in_the_key() {
    let world = World::new([careless("-fno-pic -fno-pie")]);
    assert_says(
        &world.run().failure(),
        &["not-pic: compile it with -fPIC", "lib/libm.a: m.o in it has"],
    );
    world.add(&careless("-fno-pic -fno-pie").allows("not-pic", "lib/libm.a"));
    let run = world.run();
    run.install();
    let record = fs_err::read_to_string(run.cached("m", "key.json")).unwrap();
    assert_says(
        &record,
        &[
            "\"rule\": \"not-pic\"",
            "\"path\": \"lib/libm.a\"",
            "\"why\": \"for a test\"",
        ],
    );
    // Without the excuse, what was kept does not count.
    world.add(&careless("-fno-pic -fno-pie"));
    assert_says(&world.run().failure(), &["not-pic"]);
}

#[test]
fn a_build_for_debugging_that_ignores_its_flags_is_refused() {
    let world = World::new([careless("-fPIC")]);
    world.run().install();
    assert_says(
        &world.run().option("DEBUG", "1").failure(),
        &["no-debug-info", "lib/libm.a: no object in it can be debugged"],
    );
}
