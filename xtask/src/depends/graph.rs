//! `cargo xtask depends graph`: the packages, what they need of each other, and what is built already.

mod text;

use depends::Engine;

use super::{open, with_tools};
use crate::arguments::DependsArguments;
use crate::arguments::depends::{GraphArguments, GraphFormat};

/// Runs the command.
pub(super) fn run(arguments: &DependsArguments, graph: &GraphArguments) -> miette::Result<()> {
    let engine = open(arguments.without_targets("depends graph")?)?;
    let packages = with_tools(arguments, &engine, Engine::graph)?;
    let written = match graph.format {
        GraphFormat::Text => text::render(&packages),
    };
    super::write_or_print(graph.output.as_deref(), &written)
}
