//! The step that builds the C++ tree for this machine against a prefix of its own, and runs it.

use miette::{IntoDiagnostic as _, Result, WrapErr as _};

use super::steps::provide_tools;
use super::{Context, Outcome};
use crate::arguments::DependsArguments;
use crate::trees::{self, Workplace};
use crate::{depends, workspace};

/// Selects every package.
const OPTIONS: [&str; 1] = ["MULTIPROCESS=1"];

/// Builds all packages, the tree against them with each build system, and runs both programs.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    provide_tools(context, &trees::TOOLS, "the C++ tree")?;
    let workplace = Workplace::new(workspace::build_directory().join("trees"))?;
    let directory = workplace.path();
    let arguments = DependsArguments {
        words: OPTIONS.map(str::to_owned).to_vec(),
        install_tools: context.install_tools,
        ..DependsArguments::default()
    };
    let prefix = depends::install_at(&directory.join("depends"), &arguments)?.prefix;
    for built in trees::build(&prefix, &directory.join(workspace::this_machine()))? {
        let output = context.shell.cmd(&built.program).read().into_diagnostic()?;
        println!("{output}");
        trees::check(&prefix, &output).wrap_err_with(|| format!("the tree that {} built", built.system))?;
    }
    Ok(Outcome::Passed)
}
