//! `configure`: what would be built, and why. Builds and downloads nothing.

mod report;

use std::collections::BTreeSet;
use std::path::Path;

use ::depends::plan::Plan;
use ::depends::selection::Selection;
use ::depends::tool::SearchPath;
use ::depends::{Engine, EngineError};
use miette::Result;
use site_profile::SiteProfile;

use crate::arguments::DependsArguments;
use crate::features::{Features, Surroundings};
use crate::site::{self, Site};
use crate::{build, install_tools, probe, workspace};
use report::{Report, row};

/// Prints the summary.
///
/// # Errors
/// The profile or the options do not serve.
pub(crate) fn run(arguments: &DependsArguments) -> Result<()> {
    arguments.without_targets("configure")?;
    let report = if arguments.options().is_empty() {
        of_site(&site::from_surroundings(false)?)?
    } else {
        of_options(arguments)?
    };
    print!("{}", report.render());
    Ok(())
}

/// What `build` without options builds.
fn of_site(site: &Site) -> Result<Report> {
    let mut report = Report::default();
    let SiteRows { profile, host } = site_rows(site);
    report.section("Profile", profile);
    report.section("Host", host);
    let rules = site::system_rules(&site.profile)?;
    let tool = |name: &str| {
        site.profile
            .tool(name)
            .map_err(|error| build::first_line(&error.to_string()))
    };
    let surroundings = Surroundings {
        rules: &rules,
        probe: &probe::probe,
        tool: &tool,
    };
    let (features, missing) = Features::resolve(&site.profile, &surroundings);
    report.features(&features);
    let tools = site.profile.profile().tools.keys();
    report.section(
        "Tools",
        tools.map(|name| (name.clone(), found(tool(name)))).collect(),
    );
    let packages = site.profile.profile().packages.iter();
    report.section(
        "Packages",
        packages
            .map(|(name, package)| (name.clone(), format!("{} ({})", package.version, package.license)))
            .collect(),
    );
    report.section("Search paths", search_rows(&site.profile));
    report.executables(&features);
    let command = if missing.is_empty() {
        "cargo xtask build"
    } else {
        "cargo xtask build --install-tools"
    };
    report.section("Next", vec![("build".to_owned(), command.to_owned())]);
    Ok(report)
}

struct SiteRows {
    profile: Vec<(String, String)>,
    host: Vec<(String, String)>,
}

fn site_rows(site: &Site) -> SiteRows {
    let mut profile = vec![
        row("file", site.profile.path().display()),
        row("chosen", site.origin),
    ];
    if let Some(provenance) = &site.profile.profile().provenance {
        profile.push(row("made by", &provenance.generator));
        profile.push(row("options", provenance.options.join(" ")));
        profile.push(row("build id", &provenance.final_build_id));
    }
    let host = match &site.profile.profile().host {
        Some(host) => vec![
            row("triplet", &host.triplet),
            row("Rust target", &host.rust_target),
        ],
        None => vec![row(
            "triplet",
            format_args!("{} (this machine)", workspace::this_machine()),
        )],
    };
    SiteRows { profile, host }
}

fn search_rows(profile: &SiteProfile) -> Vec<(String, String)> {
    let (Some(search), Some(prefix)) = (&profile.profile().search, profile.prefix()) else {
        return vec![row("libraries", "the system's, as pkg-config finds them")];
    };
    let join = |directories: &[String]| {
        directories
            .iter()
            .map(|directory| prefix.join(directory).display().to_string())
            .collect::<Vec<_>>()
            .join(" ")
    };
    vec![
        row("prefix", prefix.display()),
        row("headers", join(&search.include)),
        row("libraries", join(&search.lib)),
        row("pkg-config", join(&search.pkg_config)),
        row("programs", join(&search.native_bin)),
        row(
            "system packages",
            if search.allow_host_packages {
                "fill gaps"
            } else {
                "not used"
            },
        ),
    ]
}

/// What `build` with these options builds.
fn of_options(arguments: &DependsArguments) -> Result<Report> {
    let engine = crate::depends::quiet_engine(arguments.options())?;
    let mut report = Report::default();
    report.section(
        "Profile",
        vec![
            row(
                "file",
                engine
                    .layout()
                    .prefix(&engine.host().triplet)
                    .join(::depends::profile::PATH)
                    .display(),
            ),
            row(
                "chosen",
                "`cargo xtask depends` makes it with the options on the command line",
            ),
        ],
    );
    let host = engine.host();
    report.section(
        "Host",
        vec![
            row("triplet", &host.triplet),
            row("Rust target", &host.rust_target),
        ],
    );
    let selected = engine.selected();
    let selection = Selection::load(&engine.layout().recipes, engine.recipes()).map_err(EngineError::from)?;
    let features = Features::planned(&selected.features, &selection.not_carried().collect());
    report.features(&features);
    report.section(
        "Notes",
        selected.notes.iter().map(|note| row("note", note)).collect(),
    );
    let missing = package_rows(&engine, &mut report)?;
    report.executables(&features);
    let flag = if missing { " --install-tools" } else { "" };
    let command = format!("cargo xtask build {}{flag}", arguments.words.join(" "));
    report.section("Next", vec![row("build", command)]);
    Ok(report)
}

/// Adds the packages with what becomes of each, and the tools that are missing; returns whether some are.
fn package_rows(engine: &Engine, report: &mut Report) -> Result<bool> {
    let plan = match engine.plan() {
        Ok(plan) => plan,
        Err(EngineError::Tools(missing)) => {
            let row = |tool: &::depends::tool::MissingTool| {
                row(&tool.name, format_args!("missing, needed by {}", tool.needed_by))
            };
            report.section("Tools", missing.0.iter().map(row).collect());
            // The refusal has the commands to type; here it is a part of the summary.
            if let Err(refusal) = install_tools::provide(&missing, false) {
                report.section(
                    "To install them",
                    vec![(
                        "".to_owned(),
                        refusal.help().map(|help| help.to_string()).unwrap_or_default(),
                    )],
                );
            }
            return Ok(true);
        }
        Err(error) => return Err(error.into()),
    };
    report.section("Tools", tool_rows(&plan));
    let mut rows = Vec::new();
    for (prefix, packages) in [("native_", &plan.native_packages), ("", &plan.packages)] {
        for name in packages.keys() {
            let name = format!("{prefix}{name}");
            let version = engine.variable(&format!("{name}_version"))?.unwrap_or_default();
            let cached = engine.variable(&format!("{name}_cached"))?.unwrap_or_default();
            let state = if Path::new(&cached).exists() {
                "built before"
            } else {
                "to be built"
            };
            rows.push((name, format!("{version}, {state}")));
        }
    }
    rows.extend(
        plan.unsupported
            .iter()
            .map(|(name, reason)| row(name, format_args!("no: {reason}"))),
    );
    report.section("Packages", rows);
    Ok(false)
}

/// The compilers for the host, and the programs that packages call.
fn tool_rows(plan: &Plan) -> Vec<(String, String)> {
    let path = SearchPath::from_environment();
    let host_unit = plan.packages.values().next().map(|index| &plan.units[*index]);
    let compilers = host_unit.map(|unit| [("C", &unit.toolchain.cc), ("C++", &unit.toolchain.cxx)]);
    let mut rows: Vec<_> = compilers
        .into_iter()
        .flatten()
        .map(|(language, tool)| row(&format!("{language} compiler"), tool.words().join(" ")))
        .collect();
    let called: BTreeSet<&String> = plan.units.iter().flat_map(|unit| &unit.tools).collect();
    for tool in called {
        rows.push(row(
            tool,
            found(
                path.find_tool(tool, "a package")
                    .map_err(|missing| missing.programs.join(" or ")),
            ),
        ));
    }
    rows
}

fn found<T: AsRef<Path>>(result: Result<T, String>) -> String {
    match result {
        Ok(path) => path.as_ref().display().to_string(),
        Err(reason) => format!("missing: {reason}"),
    }
}
