//! Makefiles, and the `configure` scripts that write them.

use std::path::Path;

use super::{BuildError, Context, INSTALL_PREFIX};
use crate::observer::Phase;
use crate::process::Program;

impl Context<'_> {
    pub(super) fn autotools_configure(&self, directory: &str) -> Result<(), BuildError> {
        let script = self.source_in(directory).join("configure");
        if !script.is_file() {
            return Err(self.no_such_file("configure"));
        }
        let program = Program::new("/bin/sh")
            .argument(script)
            .arguments([
                format!("--build={}", self.plan.build.triplet),
                format!("--host={}", self.unit().machine.triplet),
                format!("--prefix={INSTALL_PREFIX}"),
                "--disable-dependency-tracking".to_owned(),
                "--with-pic".to_owned(),
            ])
            .arguments(self.options())
            .environment("CONFIG_SHELL", "/bin/sh")
            .directory(&self.build_directory());
        self.run(program, Phase::Configure)
    }

    pub(super) fn make(
        &self,
        directory: &Path,
        targets: &[String],
        variables: &[String],
        phase: Phase,
    ) -> Result<(), BuildError> {
        let program = Program::new(self.system_tool("make")?)
            .argument("-C")
            .argument(directory)
            .arguments(targets)
            .arguments(variables)
            .directory(directory);
        self.run(program, phase)
    }

    /// What a plain makefile is told: the tools, the flags, the prefix and the recipe's own options.
    pub(super) fn make_variables(&self) -> Vec<String> {
        let toolchain = &self.unit().toolchain;
        let flags = self.flags();
        let pic = if self.unit().machine.is_windows() {
            ""
        } else {
            " -fPIC"
        };
        let mut variables = vec![
            format!("PREFIX={INSTALL_PREFIX}"),
            format!("prefix={INSTALL_PREFIX}"),
            format!("CC={}", toolchain.cc.words().join(" ")),
            format!("CXX={}", toolchain.cxx.words().join(" ")),
            format!("AR={}", toolchain.ar.words().join(" ")),
            format!("RANLIB={}", toolchain.ranlib.words().join(" ")),
            format!("CPPFLAGS={}", flags.cpp.join(" ")),
            format!("CFLAGS={}{pic}", flags.c.join(" ")),
            format!("CXXFLAGS={}{pic}", flags.cxx.join(" ")),
            format!("LDFLAGS={}", flags.ld.join(" ")),
        ];
        variables.extend(self.options());
        variables
    }
}
