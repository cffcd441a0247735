//! Packages that are a few files: C files compiled into a static library, and headers that are copied.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::{BuildError, Context, INSTALL_PREFIX};
use crate::glob;
use crate::observer::Phase;
use crate::process::Program;
use crate::recipe::build::{Install, PkgConfig};
use crate::tree;

impl Context<'_> {
    pub(super) fn compile_files(&self, sources: &[String], library: &str) -> Result<(), BuildError> {
        let toolchain = &self.unit().toolchain;
        let flags = self.flags();
        let pic = if self.unit().machine.is_windows() {
            None
        } else {
            Some("-fPIC")
        };
        let mut objects = Vec::new();
        for (number, file) in sources.iter().enumerate() {
            let source = self.source().join(file);
            if !source.is_file() {
                return Err(self.no_such_file(file));
            }
            let object = format!("{number}-{}.o", file.replace('/', "-"));
            let program = Program::new(&toolchain.cc.program)
                .arguments(&toolchain.cc.arguments)
                .arguments(&flags.cpp)
                .arguments(&flags.c)
                .arguments(pic)
                .arguments(self.options())
                .arguments(["-o", &object, "-c"])
                .argument(source)
                .directory(&self.build_directory());
            self.run(program, Phase::Build)?;
            objects.push(object);
        }
        let program = Program::new(&toolchain.ar.program)
            .arguments(&toolchain.ar.arguments)
            .arguments(["rcs", &format!("lib{library}.a")])
            .arguments(objects)
            .directory(&self.build_directory());
        self.run(program, Phase::Build)
    }

    pub(super) fn stage_library(&self, library: &str, pkg_config: &PkgConfig) -> Result<(), BuildError> {
        let lib = self.staged_prefix().join("lib");
        fs_err::create_dir_all(lib.join("pkgconfig"))?;
        let file = format!("lib{library}.a");
        fs_err::copy(self.build_directory().join(&file), lib.join(&file))?;
        let recipe = &self.unit().recipe;
        let text = format!(
            "prefix={INSTALL_PREFIX}\nlibdir=${{prefix}}/lib\nincludedir=${{prefix}}/include\n\n\
             Name: {name}\nDescription: {description}\nURL: {homepage}\nVersion: {version}\n\
             Requires.private: {requires}\nLibs: -L${{libdir}} -l{library}\nLibs.private: {libs}\nCflags: -I${{includedir}}\n",
            name = pkg_config.name,
            description = recipe.description,
            homepage = recipe.homepage,
            version = recipe.version,
            requires = pkg_config.requires_private.join(" "),
            libs = pkg_config.libs_private.join(" "),
        );
        let file = lib.join("pkgconfig").join(format!("{}.pc", pkg_config.name));
        fs_err::write(&file, text)?;
        // Whatever the umask of whoever runs the engine.
        fs_err::set_permissions(file, Permissions::from_mode(0o644))?;
        Ok(())
    }

    pub(super) fn install_files(&self, files: &[Install]) -> Result<(), BuildError> {
        for Install { from, to } in files {
            let target = self.staged_prefix().join(to);
            if from.contains('*') {
                self.install_matching(from, &target)?;
                continue;
            }
            let source = self.source().join(from);
            if !source.exists() {
                return Err(self.no_such_file(from));
            }
            if let Some(parent) = target.parent() {
                fs_err::create_dir_all(parent)?;
            }
            merge(&source, &target)?;
        }
        Ok(())
    }

    /// Copies into `target` the files that match, and what is in the directories that match; directories are meant
    /// only where the pattern's last component names one.
    fn install_matching(&self, pattern: &str, target: &Path) -> Result<(), BuildError> {
        let name = pattern.rsplit_once('/').map_or(pattern, |(_, name)| name);
        let mut found = false;
        fs_err::create_dir_all(target)?;
        for path in expand(&self.source(), pattern)? {
            if path.is_dir() {
                if name.contains('*') {
                    continue;
                }
                merge(&path, target)?;
            } else {
                fs_err::copy(&path, target.join(path.file_name().unwrap_or_default()))?;
            }
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(self.no_such_file(pattern))
        }
    }
}

/// The paths below `root` that a pattern matches, in the order of their names, so that the result is always the same.
fn expand(root: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let mut found = vec![root.to_owned()];
    for component in pattern.split('/') {
        let mut next = Vec::new();
        for directory in found.into_iter().filter(|path| path.is_dir()) {
            if !component.contains('*') {
                next.push(directory.join(component));
                continue;
            }
            for entry in fs_err::read_dir(&directory)? {
                let entry = entry?;
                if glob::matches(component, &entry.file_name().to_string_lossy()) {
                    next.push(entry.path());
                }
            }
        }
        next.retain(|path| path.exists());
        next.sort();
        found = next;
    }
    Ok(found)
}

/// Copies a file, or a directory into what is there of it already.
fn merge(source: &Path, target: &Path) -> Result<(), BuildError> {
    if !source.is_dir() {
        fs_err::copy(source, target)?;
        return Ok(());
    }
    if !target.is_dir() {
        tree::copy(source, target)?;
        return Ok(());
    }
    for entry in fs_err::read_dir(source)? {
        let entry = entry?;
        merge(&entry.path(), &target.join(entry.file_name()))?;
    }
    Ok(())
}
