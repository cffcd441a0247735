//! A prefix may be moved: what names it in its files names it relative to them.

use std::path::Path;
use std::process::Command;

use crate::support::{Package, World, files};

fn world() -> World {
    let cmake = "cmake_minimum_required(VERSION 3.5)\nproject(k C)\nadd_library(k k.c)\n\
                 target_include_directories(k PUBLIC $<INSTALL_INTERFACE:include>)\n\
                 target_link_libraries(k PUBLIC ${DEPENDENCY})\n\
                 install(TARGETS k EXPORT k)\ninstall(FILES k.h DESTINATION include)\n\
                 install(EXPORT k FILE k-config.cmake DESTINATION lib/cmake/k)\n";
    World::new([
        Package::library("l", "int l(void) { return 1; }\n"),
        Package::new("k", "system = \"cmake\"")
            .file("CMakeLists.txt", cmake)
            .file("k.c", "int k(void) { return 1; }\n")
            .file("k.h", "int k(void);\n")
            .top("options = [\"-DDEPENDENCY={dependencies}/lib/libl.a\"]")
            .needs(&["l"]),
        Package::script(
            "s",
            "mkdir -p $out/share/pkgconfig $out/lib/pkgconfig\n\
             printf 'prefix={prefix}\\nlibdir={prefix}/lib\\nName: s\\nDescription: d\\nVersion: 1\\n\
             Requires: l\\nLibs: -L${{libdir}} -ls\\nLibs.private: -L{dependencies}/lib -lm\\n\
             Cflags: -I{prefix}/include -I{dependencies}/include/s\\n' > $out/lib/pkgconfig/s.pc\n\
             printf 'prefix={prefix}\\nName: t\\nDescription: d\\nVersion: 1\\nCflags: -I${{prefix}}/include/t\\n' \
             > $out/share/pkgconfig/t.pc",
        )
        .needs(&["l"]),
    ])
}

fn pkg_config(prefix: &Path, arguments: &[&str]) -> String {
    let output = Command::new("pkg-config")
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("PKG_CONFIG_LIBDIR", prefix.join("lib/pkgconfig"))
        .env("PKG_CONFIG_PATH", prefix.join("share/pkgconfig"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The directories that follow `flag`, as the file system knows them.
fn directories(output: &str, flag: &str) -> Vec<std::path::PathBuf> {
    output
        .split_whitespace()
        .filter_map(|word| word.strip_prefix(flag))
        .map(|path| fs_err::canonicalize(path).unwrap())
        .collect()
}

#[test]
fn files_of_pkg_config_and_cmake_name_neither_build_nor_prefix() {
    let world = world();
    let prefix = world.run().install().prefix;
    let mut n_checked = 0;
    for file in files(&prefix) {
        let text = fs_err::read(prefix.join(&file)).unwrap();
        let text = String::from_utf8_lossy(&text);
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("pc" | "cmake" | "toml")) {
            n_checked += 1;
            assert!(!text.contains("/depends-prefix"), "{}:\n{text}", file.display());
        }
        assert!(
            !text.contains(world.base().to_str().unwrap()),
            "{}",
            file.display()
        );
    }
    assert!(n_checked >= 6);
}

#[test]
fn a_moved_prefix_is_found_where_it_is_by_pkg_config() {
    let world = world();
    let prefix = world.path("moved/far/away");
    fs_err::create_dir_all(prefix.parent().unwrap()).unwrap();
    fs_err::rename(world.run().install().prefix, &prefix).unwrap();
    fs_err::create_dir_all(prefix.join("include/s")).unwrap();
    fs_err::create_dir_all(prefix.join("include/t")).unwrap();
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    let output = pkg_config(&prefix, &["--static", "--cflags", "--libs", "s"]);
    assert_eq!(
        directories(&output, "-I")
            .into_iter()
            .collect::<std::collections::BTreeSet<_>>(),
        [include.clone(), include.join("s")].into()
    );
    assert!(
        directories(&output, "-L").iter().all(|found| *found == lib),
        "{output}"
    );
    assert!(output.contains("-ls ") && output.contains("-ll "), "{output}");
    let output = pkg_config(&prefix, &["--cflags", "t"]);
    assert_eq!(directories(&output, "-I"), [include.join("t")]);
}

#[test]
fn a_moved_prefix_is_found_where_it_is_by_cmake() {
    let world = world();
    let prefix = world.path("moved/far/away");
    fs_err::create_dir_all(prefix.parent().unwrap()).unwrap();
    fs_err::rename(world.run().install().prefix, &prefix).unwrap();
    world.write(
        "user/CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.5)\nproject(user C)\nfind_package(k REQUIRED CONFIG)\n\
         add_executable(user user.c)\ntarget_link_libraries(user k)\n",
    );
    let code = "#include <k.h>\nint l(void);\nint main(void) { return k() - l(); }\n";
    world.write("user/user.c", code);
    let cmake = |arguments: &[&str]| {
        let output = Command::new("cmake")
            .args(arguments)
            .current_dir(world.path("user"))
            .env("CMAKE_PREFIX_PATH", &prefix)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    };
    cmake(&["-S", ".", "-B", "build"]);
    cmake(&["--build", "build"]);
    assert!(
        Command::new(world.path("user/build/user"))
            .status()
            .unwrap()
            .success()
    );
}
