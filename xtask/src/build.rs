//! `build`: the executables that the site profile allows, into `build/<host>/bin`.

use std::path::{Path, PathBuf};

use ::depends::host::Host;
use ::depends::tool::{MissingTools, SearchPath};
use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, WrapErr as _};
use site_profile::SiteProfile;
use xshell::{Cmd, Shell};

use crate::arguments::BuildArguments;
use crate::executables::{self, EXECUTABLES};
use crate::features::{Features, Surroundings};
use crate::site::Site;
use crate::{cargo, install_tools, probe, publish, site, workspace};

/// What was built.
pub(crate) struct Built {
    /// The directory of the executables.
    pub(crate) directory: PathBuf,
    /// Their file names.
    pub(crate) names: Vec<String>,
    /// The features that they were built with.
    pub(crate) features: Features,
}

/// Builds, and says where the executables are.
///
/// # Errors
/// The profile does not serve, something that it wants is missing, or cargo fails.
pub(crate) fn run(arguments: &BuildArguments) -> Result<()> {
    let built = build(arguments)?;
    for name in &built.names {
        println!("{}", built.directory.join(name).display());
    }
    Ok(())
}

/// Builds the executables.
///
/// # Errors
/// As [`run`].
pub(crate) fn build(arguments: &BuildArguments) -> Result<Built> {
    arguments.depends.without_targets("build")?;
    let site = site::choose(&arguments.depends)?;
    let features = features(&site.profile, arguments.depends.install_tools)?;
    let host = Platform::of(&site.profile);
    let shell = Shell::new().into_diagnostic()?;
    shell.change_dir(workspace::root());
    let compiled = compile(&shell, &site, arguments, &features, &host)?;
    place(&compiled, &host, features).wrap_err("the executables are built, and cannot be put into build/")
}

/// The profile's features, with everything there that it insists on.
///
/// # Errors
/// Something is missing and may not or cannot be installed.
pub(crate) fn features(profile: &SiteProfile, install_tools: bool) -> Result<Features> {
    let rules = site::system_rules(profile)?;
    let resolve = || {
        let tool = |name: &str| profile.tool(name).map_err(|error| first_line(&error.to_string()));
        Features::resolve(
            profile,
            &Surroundings {
                rules: &rules,
                probe: &probe::probe,
                tool: &tool,
            },
        )
    };
    let (features, missing) = resolve();
    if missing.is_empty() {
        return Ok(features);
    }
    let missing = with_pkg_config(missing);
    install_tools::provide(&missing, install_tools)?;
    let (features, missing) = resolve();
    if missing.is_empty() {
        Ok(features)
    } else {
        install_tools::provide(&MissingTools(missing), false).map(|()| features)
    }
}

/// Libraries are looked for with pkg-config: where one is missing, so may be the program that finds it.
fn with_pkg_config(mut missing: Vec<::depends::tool::MissingTool>) -> MissingTools {
    let any_library = missing
        .iter()
        .any(|tool| tool.programs.iter().any(|name| name.ends_with(".pc")));
    let found = SearchPath::from_environment().find_tool("pkg-config", "looking for libraries");
    if let (true, Err(tool)) = (any_library, found) {
        missing.push(tool);
    }
    MissingTools(missing)
}

/// An error's first line: the help lines below it are for those who chose the profile.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// What is built for.
struct Platform {
    triplet: String,
    windows: bool,
    /// Rust's name, unless it is this machine.
    cross: Option<String>,
}

impl Platform {
    fn of(profile: &SiteProfile) -> Self {
        let this = Host::current();
        match &profile.profile().host {
            Some(host) => Self {
                triplet: host.triplet.clone(),
                windows: host.rust_target.contains("-windows-"),
                cross: this
                    .is_none_or(|this| this.rust_target != host.rust_target)
                    .then(|| host.rust_target.clone()),
            },
            None => Self {
                triplet: workspace::this_machine(),
                windows: cfg!(windows),
                cross: None,
            },
        }
    }

    /// Adds what cargo needs to compile for a machine other than this one.
    fn apply<'a>(&self, mut command: Cmd<'a>) -> Cmd<'a> {
        let Some(target) = &self.cross else { return command };
        command = command.args(["--target", target]);
        let variable = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace('-', "_"));
        if std::env::var_os(&variable).is_none()
            && let Ok(host) = Host::find(target)
        {
            let names: Vec<_> = host
                .compiler_prefixes
                .iter()
                .map(|prefix| format!("{prefix}gcc"))
                .collect();
            let path = SearchPath::from_environment();
            if let Some(linker) = path.find_any(names.iter().map(String::as_str)) {
                command = command.env(variable, linker);
            }
        }
        command
    }
}

fn compile(
    shell: &Shell,
    site: &Site,
    arguments: &BuildArguments,
    features: &Features,
    host: &Platform,
) -> Result<Vec<PathBuf>> {
    let mut command =
        cargo::cargo(shell, site.profile.path()).args(["build", "--message-format=json-render-diagnostics"]);
    for executable in executables::enabled(features) {
        command = command.args(["-p", executable.name]);
        for feature in executable.package_features(features) {
            command = command.args(["--features", &feature]);
        }
    }
    if arguments.release {
        command = command.arg("--release");
    }
    if arguments.depends.offline {
        command = command.arg("--offline");
    }
    if let Some(jobs) = arguments.depends.jobs {
        command = command.args(["-j", &jobs.to_string()]);
    }
    let output = host
        .apply(command)
        .read()
        .into_diagnostic()
        .wrap_err("the executables are not built")?;
    let built = cargo::built(&output);
    Ok(built.into_iter().map(|executable| executable.path).collect())
}

/// Copies the executables to where users look for them, and removes those that this profile does not build.
fn place(compiled: &[PathBuf], host: &Platform, features: Features) -> Result<Built> {
    let directory = workspace::executables_directory(&host.triplet);
    let mut names = Vec::new();
    for path in compiled {
        let name = path.file_name().unwrap_or_default();
        publish::copy(path, &directory.join(name)).into_diagnostic()?;
        names.push(name.to_string_lossy().into_owned());
    }
    for executable in EXECUTABLES {
        let name = executable.file_name(host.windows);
        let path = directory.join(&name);
        if !names.contains(&name) && path.exists() {
            eprintln!("removing {}: this profile does not build it", path.display());
            fs::remove_file(&path).into_diagnostic()?;
        }
    }
    if host.cross.is_none() {
        let target = Path::new(&host.triplet).join("bin");
        publish::link(&target, &workspace::build_directory().join("bin")).into_diagnostic()?;
    }
    Ok(Built {
        directory,
        names,
        features,
    })
}
