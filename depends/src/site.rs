//! What the build systems of other trees read from a prefix: a `config.site` for autoconf's configure scripts and a
//! toolchain file for CMake.
//!
//! Both are made from a plan and from what the selection rules tell of each feature; what the features are is not
//! known here. Both find the prefix from where they lie, so that they move with it.

mod autoconf;
mod cmake;
mod variables;

use std::path::Path;

use crate::options::Options;
use crate::plan::Plan;
use crate::selection::Selected;
use crate::tool::SearchPath;
use crate::toolchain::Tool;

pub use variables::{Name, Value, Variables};

/// The place of the autoconf file in the prefix.
pub const AUTOCONF_PATH: &str = "share/config.site";

/// The place of the CMake file in the prefix.
pub const CMAKE_PATH: &str = "toolchain.cmake";

/// The directories of a prefix that have `.pc` files.
const PKG_CONFIG: [&str; 2] = ["lib/pkgconfig", "share/pkgconfig"];

/// What build systems are told of a feature, or always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Whether the options select it.
    pub selected: bool,
    /// The packages for the host that it stands on.
    pub packages: Vec<String>,
    /// Shell variables for configure scripts.
    pub autoconf: Variables,
    /// Cache variables for CMake.
    pub cmake: Variables,
}

/// What both files are made from.
struct Site<'a> {
    plan: &'a Plan,
    told: &'a [Told],
    allow_host_packages: bool,
    search_path: &'a SearchPath,
}

/// The files for other build systems: each one's place in the prefix, and its text.
pub(crate) fn files(
    plan: &Plan,
    selected: &Selected,
    options: &Options,
    search_path: &SearchPath,
) -> [(&'static str, String); 2] {
    let site = Site {
        plan,
        told: &selected.told,
        allow_host_packages: options.switch("ALLOW_HOST_PACKAGES"),
        search_path,
    };
    [
        (AUTOCONF_PATH, autoconf::render(&site)),
        (CMAKE_PATH, cmake::render(&site)),
    ]
}

impl Site<'_> {
    /// What is set for a feature. It is on where it is selected and the host has all of its packages.
    fn variables<'b>(
        &self,
        told: &Told,
        variables: &'b Variables,
    ) -> impl Iterator<Item = (&'b Name, &'b Value)> + use<'b> {
        let is_there = |name: &String| self.plan.packages.contains_key(name);
        let on = told.selected && told.packages.iter().all(is_there);
        variables.of(told.selected, on)
    }

    fn is_cross(&self) -> bool {
        self.plan.host.triplet != self.plan.build.triplet
    }

    /// The words of a tool's command. A program that is found by its name goes by it: a prefix may move to a machine
    /// that has it elsewhere.
    fn words(&self, tool: &Tool) -> Vec<String> {
        let name = tool.program.file_name().and_then(|name| name.to_str());
        let by_name = name.filter(|name| self.search_path.find(name).as_deref() == Some(&*tool.program));
        let program = by_name.map_or_else(|| path_text(&tool.program), str::to_owned);
        std::iter::once(program)
            .chain(tool.arguments.iter().cloned())
            .collect()
    }
}

fn path_text(path: &Path) -> String {
    path.display().to_string()
}
