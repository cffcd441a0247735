//! `cargo xtask depends graph`: the packages, what they need of each other, and what is built already.

mod dot;
#[cfg(test)]
mod fixture;
mod html;
mod text;

use depends::Engine;
use depends::graph::{Node, State};

use super::{open, with_tools};
use crate::arguments::DependsArguments;
use crate::arguments::depends::{GraphArguments, GraphFormat};

/// Runs the command.
pub(super) fn run(arguments: &DependsArguments, graph: &GraphArguments) -> miette::Result<()> {
    let engine = open(arguments.without_targets("depends graph")?)?;
    let packages = with_tools(arguments, &engine, Engine::graph)?;
    let written = match graph.format {
        GraphFormat::Text => text::render(&packages),
        GraphFormat::Dot => dot::render(&packages),
        GraphFormat::Html => {
            let record = engine.records().last(&packages.host);
            html::render(&packages, record.as_ref())
        }
    };
    super::write_or_print(graph.output.as_deref(), &written)
}

/// What the cache has of a package, in words.
fn state(node: &Node) -> String {
    match &node.state {
        State::Cached { n_bytes } => format!("cached, {}", indicatif::HumanBytes(*n_bytes)),
        State::ToBuild => "to build".to_owned(),
        State::Damaged(reason) => format!("to build: {reason}"),
    }
}
