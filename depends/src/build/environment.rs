//! What a unit's commands are given: options, flags and environment.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Context, INSTALL_PREFIX};
use crate::recipe::{Flags, Template, Variable};

impl Context<'_> {
    /// The unit's options with their variables put in.
    pub(super) fn options(&self) -> Vec<String> {
        self.unit()
            .options
            .iter()
            .map(|option| self.render(option))
            .collect()
    }

    pub(super) fn render(&self, template: &Template) -> String {
        let unit = self.unit();
        let path = |path: PathBuf| path.display().to_string();
        let flags = self.flags();
        template.render(|variable| match variable {
            Variable::Source => path(self.source()),
            Variable::Build => path(self.build_directory()),
            Variable::Prefix => INSTALL_PREFIX.to_owned(),
            Variable::Stage => path(self.stage_directory()),
            Variable::Dependencies => path(self.dependencies()),
            Variable::Native => path(self.native()),
            Variable::Host => unit.machine.triplet.clone(),
            Variable::BuildMachine => self.plan.build.triplet.clone(),
            Variable::Version => unit.recipe.version.clone(),
            Variable::Cc => unit.toolchain.cc.words().join(" "),
            Variable::Cxx => unit.toolchain.cxx.words().join(" "),
            Variable::Ar => unit.toolchain.ar.words().join(" "),
            Variable::Ranlib => unit.toolchain.ranlib.words().join(" "),
            Variable::Cflags => [&flags.cpp[..], &flags.c].concat().join(" "),
            Variable::Cxxflags => [&flags.cpp[..], &flags.cxx].concat().join(" "),
            Variable::Ldflags => flags.ld.join(" "),
        })
    }

    /// The unit's flags, with those that depend on where it is built and what it is built against.
    pub(super) fn flags(&self) -> Flags {
        let unit = self.unit();
        let mut flags = unit.flags.clone();
        let map = format!(
            "-ffile-prefix-map={}=/usr/src/{}-{}",
            self.directory.display(),
            unit.name(),
            unit.recipe.version
        );
        for words in [&mut flags.c, &mut flags.cxx] {
            // For link-time optimisation, gcc names sections by a number drawn by lot.
            if words.iter().any(|word| word.starts_with("-flto")) {
                words.push(format!("-frandom-seed={}-{}", unit.name(), unit.recipe.version));
            }
            words.push(map.clone());
        }
        if !unit.dependencies.is_empty() {
            flags
                .cpp
                .push(format!("-I{}", self.dependencies().join("include").display()));
            flags
                .ld
                .push(format!("-L{}", self.dependencies().join("lib").display()));
        }
        flags
    }

    /// The environment of every command: nothing of the caller's but where the programs are found that it sees.
    pub(super) fn environment(&self) -> Vec<(OsString, OsString)> {
        let unit = self.unit();
        let flags = self.flags();
        let dependencies = self.dependencies();
        let mut path = vec![self.native().join("bin")];
        path.extend(self.sandbox.search_path(self.search_path.as_os_str()));
        let path = std::env::join_paths(path).unwrap_or_else(|_| self.search_path.as_os_str().to_owned());
        let tool = |words: Vec<String>| OsString::from(words.join(" "));
        let toolchain = &unit.toolchain;
        let pairs: [(&str, OsString); 24] = [
            ("PATH", path),
            ("HOME", self.directory.join(super::HOME).into()),
            ("TMPDIR", self.directory.join("tmp").into()),
            ("LC_ALL", "C".into()),
            ("LANG", "C".into()),
            ("TZ", "UTC".into()),
            ("SOURCE_DATE_EPOCH", "1".into()),
            ("CC", tool(toolchain.cc.words())),
            ("CXX", tool(toolchain.cxx.words())),
            ("AR", tool(toolchain.ar.words())),
            ("RANLIB", tool(toolchain.ranlib.words())),
            ("NM", tool(toolchain.nm.words())),
            ("STRIP", tool(toolchain.strip.words())),
            ("CPPFLAGS", flags.cpp.join(" ").into()),
            ("CFLAGS", flags.c.join(" ").into()),
            ("CXXFLAGS", flags.cxx.join(" ").into()),
            ("LDFLAGS", flags.ld.join(" ").into()),
            ("PKG_CONFIG_LIBDIR", dependencies.join("lib/pkgconfig").into()),
            ("PKG_CONFIG_PATH", dependencies.join("share/pkgconfig").into()),
            ("PKG_CONFIG_SYSROOT_DIR", "/".into()),
            ("CMAKE_MODULE_PATH", dependencies.join("lib/cmake").into()),
            ("CONFIG_SITE", "/dev/null".into()),
            ("ZERO_AR_DATE", "1".into()),
            ("SHELL", "/bin/sh".into()),
        ];
        pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect()
    }
}
