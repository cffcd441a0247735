//! CMake: configured for the private prefixes alone, built with make, staged with its own install script.

use super::{BuildError, Context, INSTALL_PREFIX};
use crate::observer::Phase;
use crate::process::Program;

impl Context<'_> {
    pub(super) fn cmake_configure(&self, directory: &str) -> Result<(), BuildError> {
        let unit = self.unit();
        let (dependencies, native) = (self.dependencies(), self.native());
        let tool = |tool: &crate::toolchain::Tool| tool.program.display().to_string();
        let flags = self.flags();
        // CMake does not read CPPFLAGS.
        let compiler_flags = |words: &[String]| [&flags.cpp[..], words].concat().join(" ");
        let mut definitions = vec![
            ("CMAKE_INSTALL_PREFIX", INSTALL_PREFIX.to_owned()),
            ("CMAKE_INSTALL_LIBDIR", "lib".to_owned()),
            ("CMAKE_BUILD_TYPE", "None".to_owned()),
            ("CMAKE_POSITION_INDEPENDENT_CODE", "ON".to_owned()),
            ("BUILD_SHARED_LIBS", "OFF".to_owned()),
            ("CMAKE_C_FLAGS", compiler_flags(&flags.c)),
            ("CMAKE_CXX_FLAGS", compiler_flags(&flags.cxx)),
            ("CMAKE_AR", tool(&unit.toolchain.ar)),
            ("CMAKE_RANLIB", tool(&unit.toolchain.ranlib)),
            ("CMAKE_NM", tool(&unit.toolchain.nm)),
            ("CMAKE_STRIP", tool(&unit.toolchain.strip)),
            (
                "CMAKE_MAKE_PROGRAM",
                self.system_tool("make")?.display().to_string(),
            ),
            ("CMAKE_PREFIX_PATH", dependencies.display().to_string()),
            // Headers, libraries and packages come from the private prefixes or not at all.
            (
                "CMAKE_FIND_ROOT_PATH",
                format!("{};{}", dependencies.display(), native.display()),
            ),
            ("CMAKE_FIND_ROOT_PATH_MODE_PROGRAM", "NEVER".to_owned()),
            ("CMAKE_FIND_ROOT_PATH_MODE_LIBRARY", "ONLY".to_owned()),
            ("CMAKE_FIND_ROOT_PATH_MODE_INCLUDE", "ONLY".to_owned()),
            ("CMAKE_FIND_ROOT_PATH_MODE_PACKAGE", "ONLY".to_owned()),
            ("CMAKE_FIND_USE_PACKAGE_REGISTRY", "OFF".to_owned()),
            ("CMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY", "OFF".to_owned()),
            ("CMAKE_EXPORT_NO_PACKAGE_REGISTRY", "ON".to_owned()),
            ("CMAKE_SKIP_INSTALL_RPATH", "ON".to_owned()),
            ("FETCHCONTENT_FULLY_DISCONNECTED", "ON".to_owned()),
        ];
        if unit.machine.triplet != self.plan.build.triplet {
            definitions.push(("CMAKE_SYSTEM_NAME", unit.machine.cmake_system_name().to_owned()));
            definitions.push(("CMAKE_SYSTEM_PROCESSOR", unit.machine.arch.clone()));
        }
        let program = Program::new(self.system_tool("cmake")?)
            .argument("-S")
            .argument(self.source_in(directory))
            .argument("-B")
            .argument(self.build_directory())
            .arguments(["-G", "Unix Makefiles"])
            .arguments(
                definitions
                    .iter()
                    .map(|(name, value)| format!("-D{name}={value}")),
            )
            .arguments(self.options())
            .directory(&self.build_directory());
        self.run(program, Phase::Configure)
    }

    pub(super) fn cmake_stage(&self, components: &[String]) -> Result<(), BuildError> {
        let all = [String::new()];
        let components = if components.is_empty() {
            &all[..]
        } else {
            components
        };
        for component in components {
            let mut program = Program::new(self.system_tool("cmake")?)
                .argument("--install")
                .argument(self.build_directory())
                .environment("DESTDIR", self.stage_directory())
                .directory(&self.build_directory());
            if !component.is_empty() {
                program = program.arguments(["--component", component]);
            }
            self.run(program, Phase::Stage)?;
        }
        Ok(())
    }
}
