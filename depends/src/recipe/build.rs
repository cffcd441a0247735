//! How a package is built: one of six build systems, each with the keys that belong to it.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_spanned::Spanned;

use super::template::Template;

/// A build system with what a recipe says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "system", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum BuildSystem {
    /// CMake, with makefiles.
    Cmake {
        /// The directory of `CMakeLists.txt` in the source.
        directory: String,
        /// What to build; the default target where empty.
        targets: Vec<String>,
        /// The components to install; all where empty.
        components: Vec<String>,
    },
    /// A `configure` script.
    Autotools {
        /// The directory of `configure` in the source.
        directory: String,
        /// What to make; the default target where empty.
        targets: Vec<String>,
        /// What to make to install.
        install_targets: Vec<String>,
    },
    /// A makefile and nothing before it.
    Make {
        /// The directory of the makefile in the source.
        directory: String,
        /// What to make; the default target where empty.
        targets: Vec<String>,
        /// What to make to install.
        install_targets: Vec<String>,
    },
    /// A few C files that make a static library.
    Cc {
        /// The C files.
        sources: Vec<String>,
        /// The library's name, without `lib` and `.a`.
        library: String,
        /// What is installed besides the library.
        headers: Vec<Install>,
        /// The library's `.pc` file.
        pkg_config: PkgConfig,
    },
    /// Nothing to compile.
    Headers {
        /// What is installed.
        headers: Vec<Install>,
    },
    /// Commands, each a program with its arguments, run in the build directory.
    Steps {
        /// To configure.
        configure: Vec<Vec<Template>>,
        /// To build.
        build: Vec<Vec<Template>>,
        /// To install below `{stage}{prefix}`.
        stage: Vec<Vec<Template>>,
    },
}

impl BuildSystem {
    /// Whether the result is the same for every platform, because nothing is run to make it.
    #[must_use]
    pub fn is_portable(&self) -> bool {
        matches!(self, Self::Headers { .. })
    }

    /// The programs of the system that the steps call by their names.
    pub(crate) fn step_programs(&self) -> impl Iterator<Item = &str> {
        let steps = match self {
            Self::Steps {
                configure,
                build,
                stage,
            } => [configure.as_slice(), build, stage],
            _ => [&[][..]; 3],
        };
        let commands = steps.into_iter().flatten();
        commands.filter_map(|words| words.first()?.literal())
    }
}

/// A file or directory of the source and its place in the prefix.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The path in the source; `*` stands for any characters of a component.
    pub from: String,
    /// The path of the file or directory in the prefix; with `*` in `from`, the directory that takes the files that
    /// match, or what is in the directories that do.
    pub to: String,
}

/// What a library's `.pc` file says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PkgConfig {
    /// The file's name without `.pc`.
    pub name: String,
    /// `Requires.private`.
    #[serde(default)]
    pub requires_private: Vec<String>,
    /// `Libs.private`.
    #[serde(default)]
    pub libs_private: Vec<String>,
}

/// The table as it is written: every key of every system, so that a misplaced one is told from an unknown one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct BuildFields {
    system: Spanned<System>,
    directory: Option<Spanned<String>>,
    targets: Option<Spanned<Vec<String>>>,
    install_targets: Option<Spanned<Vec<String>>>,
    components: Option<Spanned<Vec<String>>>,
    sources: Option<Spanned<Vec<String>>>,
    library: Option<Spanned<String>>,
    headers: Option<Spanned<Vec<Install>>>,
    pkg_config: Option<Spanned<PkgConfig>>,
    configure: Option<Spanned<Vec<Vec<Template>>>>,
    build: Option<Spanned<Vec<Vec<Template>>>>,
    stage: Option<Spanned<Vec<Vec<Template>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum System {
    Cmake,
    Autotools,
    Make,
    Cc,
    Headers,
    Steps,
}

impl System {
    fn name(self) -> &'static str {
        match self {
            Self::Cmake => "cmake",
            Self::Autotools => "autotools",
            Self::Make => "make",
            Self::Cc => "cc",
            Self::Headers => "headers",
            Self::Steps => "steps",
        }
    }

    /// The keys that it takes, with whether each is needed.
    fn keys(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Cmake => &[("directory", false), ("targets", false), ("components", false)],
            Self::Autotools | Self::Make => &[
                ("directory", false),
                ("targets", false),
                ("install-targets", false),
            ],
            Self::Cc => &[
                ("sources", true),
                ("library", true),
                ("headers", true),
                ("pkg-config", true),
            ],
            Self::Headers => &[("headers", true)],
            Self::Steps => &[("configure", false), ("build", false), ("stage", true)],
        }
    }
}

/// A key that does not fit, with its place.
pub(super) type Misfit = (Range<usize>, String);

impl BuildFields {
    /// The build system, when exactly the keys that belong to it are there.
    pub(super) fn resolve(self) -> Result<BuildSystem, Misfit> {
        let system = *self.system.get_ref();
        self.check_keys(system)?;
        let directory = self.directory.map(Spanned::into_inner).unwrap_or_default();
        let targets = self.targets.map(Spanned::into_inner).unwrap_or_default();
        let install_targets = self
            .install_targets
            .map_or_else(|| vec!["install".to_owned()], Spanned::into_inner);
        let components = self.components.map(Spanned::into_inner).unwrap_or_default();
        let headers = self.headers.map(Spanned::into_inner).unwrap_or_default();
        let steps =
            |steps: Option<Spanned<Vec<Vec<Template>>>>| steps.map(Spanned::into_inner).unwrap_or_default();
        Ok(match system {
            System::Cmake => BuildSystem::Cmake {
                directory,
                targets,
                components,
            },
            System::Autotools => BuildSystem::Autotools {
                directory,
                targets,
                install_targets,
            },
            System::Make => BuildSystem::Make {
                directory,
                targets,
                install_targets,
            },
            System::Cc => BuildSystem::Cc {
                sources: self.sources.map(Spanned::into_inner).unwrap_or_default(),
                library: self.library.map(Spanned::into_inner).unwrap_or_default(),
                headers,
                pkg_config: self
                    .pkg_config
                    .map(Spanned::into_inner)
                    .expect("pkg-config is there because check_keys found it"),
            },
            System::Headers => BuildSystem::Headers { headers },
            System::Steps => BuildSystem::Steps {
                configure: steps(self.configure),
                build: steps(self.build),
                stage: steps(self.stage),
            },
        })
    }

    fn check_keys(&self, system: System) -> Result<(), Misfit> {
        fn span<T>(field: Option<&Spanned<T>>) -> Option<Range<usize>> {
            field.map(Spanned::span)
        }
        let given = [
            ("directory", span(self.directory.as_ref())),
            ("targets", span(self.targets.as_ref())),
            ("install-targets", span(self.install_targets.as_ref())),
            ("components", span(self.components.as_ref())),
            ("sources", span(self.sources.as_ref())),
            ("library", span(self.library.as_ref())),
            ("headers", span(self.headers.as_ref())),
            ("pkg-config", span(self.pkg_config.as_ref())),
            ("configure", span(self.configure.as_ref())),
            ("build", span(self.build.as_ref())),
            ("stage", span(self.stage.as_ref())),
        ];
        let name = system.name();
        let keys = system.keys();
        for (key, span) in given {
            match (keys.iter().find(|(known, _)| *known == key), span) {
                (None, Some(span)) => {
                    let known: Vec<_> = keys.iter().map(|(known, _)| *known).collect();
                    let message = format!(
                        "build system {name} has no key {key} (it has: {})",
                        known.join(", ")
                    );
                    return Err((span, message));
                }
                (Some((_, true)), None) => {
                    return Err((
                        self.system.span(),
                        format!("build system {name} needs the key {key}"),
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
