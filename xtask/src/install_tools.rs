//! `--install-tools`: missing tools through the system's package manager. Nothing is installed without the flag.

use ::depends::tool::{INSTALL_COMMANDS, MissingTools, SearchPath};
use miette::{IntoDiagnostic as _, Result, miette};
use xshell::Shell;

/// A package manager that is known: its name in the tables, its program, what installs, and what refreshes lists.
struct Manager {
    name: &'static str,
    program: &'static str,
    install: &'static [&'static str],
    refresh: Option<&'static [&'static str]>,
    needs_root: bool,
}

const MANAGERS: [Manager; 3] = [
    Manager {
        name: "apt",
        program: "apt-get",
        install: &[
            "-o",
            "Acquire::Retries=3",
            "install",
            "--yes",
            "--no-install-recommends",
        ],
        refresh: Some(&["-o", "Acquire::Retries=3", "update"]),
        needs_root: true,
    },
    Manager {
        name: "dnf",
        program: "dnf",
        install: &["install", "--assumeyes"],
        refresh: None,
        needs_root: true,
    },
    Manager {
        name: "brew",
        program: "brew",
        install: &["install"],
        refresh: None,
        needs_root: false,
    },
];

/// Installs what carries `missing` if `allowed`, otherwise refuses with the command to type.
///
/// # Errors
/// It is not allowed or not possible; the error names what is missing and what to type.
pub(crate) fn provide(missing: &MissingTools, allowed: bool) -> Result<()> {
    if !allowed {
        let help = "type the command for your system, or add --install-tools and have it typed for you";
        return Err(miette!(help = help, "{missing}"));
    }
    install(missing)
}

/// Installs what carries `missing` through the first package manager that is there.
///
/// # Errors
/// There is none, it does not carry all of it, it may not be called, or it fails.
pub(crate) fn install(missing: &MissingTools) -> Result<()> {
    let path = SearchPath::from_environment();
    let Some(manager) = MANAGERS
        .iter()
        .find(|manager| path.find(manager.program).is_some())
    else {
        let help = "none of apt-get, dnf and brew is here: install the programs by hand";
        return Err(miette!(help = help, "{missing}"));
    };
    let orphans: Vec<_> = missing
        .0
        .iter()
        .filter(|tool| !tool.install.contains_key(manager.name))
        .map(|tool| tool.name.as_str())
        .collect();
    if !orphans.is_empty() {
        let help = format!(
            "no {} package is known to carry {}: install it by hand",
            manager.name,
            orphans.join(", ")
        );
        return Err(miette!(help = help, "{missing}"));
    }
    let packages = missing.packages(manager.name);
    let shell = Shell::new().into_diagnostic()?;
    let Some(privilege) = privilege(&shell, manager, path.find("sudo").is_some()) else {
        let help = format!(
            "this user may not install packages; as root: {}",
            by_hand(manager.name, &packages)
        );
        return Err(miette!(help = help, "{missing}"));
    };
    eprintln!("installing with {}: {}", manager.name, packages.join(" "));
    let run = |arguments: &[&str], packages: &[String]| {
        let line = command_line(&privilege, manager, arguments, packages);
        let (program, rest) = line
            .split_first()
            .expect("a command line has a program because the manager is one");
        shell.cmd(program).args(rest).run()
    };
    if run(manager.install, &packages).is_ok() {
        return Ok(());
    }
    // A fresh machine has no lists of packages, and an idle one has old ones.
    let again = match manager.refresh {
        Some(refresh) => run(refresh, &[]).and_then(|()| run(manager.install, &packages)),
        None => run(manager.install, &packages),
    };
    again.map_err(|error| {
        let help = format!("try it by hand: {}", by_hand(manager.name, &packages));
        miette!(help = help, "the tools are not installed: {error}")
    })
}

/// What to put before the manager's command; `None` where this user may not call it.
fn privilege(shell: &Shell, manager: &Manager, has_sudo: bool) -> Option<Vec<&'static str>> {
    let is_root = || {
        shell
            .cmd("id")
            .arg("-u")
            .quiet()
            .read()
            .is_ok_and(|user| user == "0")
    };
    if !manager.needs_root || is_root() {
        Some(Vec::new())
    } else if has_sudo {
        Some(vec!["sudo"])
    } else {
        None
    }
}

fn command_line(
    privilege: &[&str],
    manager: &Manager,
    arguments: &[&str],
    packages: &[String],
) -> Vec<String> {
    // `env` carries the variable across sudo, which clears the environment.
    let environment: &[&str] = if manager.name == "apt" {
        &["env", "DEBIAN_FRONTEND=noninteractive"]
    } else {
        &[]
    };
    privilege
        .iter()
        .chain(environment)
        .chain([&manager.program])
        .chain(arguments)
        .map(|word| (*word).to_owned())
        .chain(packages.iter().cloned())
        .collect()
}

fn by_hand(manager: &str, packages: &[String]) -> String {
    let command = INSTALL_COMMANDS
        .iter()
        .find(|(name, _)| *name == manager)
        .map_or(manager, |(_, command)| *command);
    format!("{command} {}", packages.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::depends::tool::MissingTool;

    #[test]
    fn each_manager_is_called_without_questions() {
        let packages = vec!["cmake".to_owned()];
        let rows = [
            (
                "apt",
                "sudo env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 install --yes --no-install-recommends cmake",
            ),
            ("dnf", "sudo dnf install --assumeyes cmake"),
            ("brew", "sudo brew install cmake"),
        ];
        for (manager, (name, expected)) in MANAGERS.iter().zip(rows) {
            assert_eq!(manager.name, name);
            assert_eq!(
                command_line(&["sudo"], manager, manager.install, &packages).join(" "),
                expected
            );
        }
    }

    #[test]
    fn nothing_is_installed_without_the_flag() {
        let tool = MissingTool {
            name: "cmake".to_owned(),
            programs: vec!["cmake".to_owned()],
            needed_by: "package capnp".to_owned(),
            install: [("apt".to_owned(), "cmake".to_owned())].into(),
        };
        let error = provide(&MissingTools(vec![tool]), false).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("with apt: apt-get install --no-install-recommends cmake"),
            "{error}"
        );
        assert!(error.help().unwrap().to_string().contains("--install-tools"));
    }
}
