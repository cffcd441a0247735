//! The graph as a tree for a terminal.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use depends::graph::{Graph, Node, State};

/// The tree's text: packages that nothing needs at the left, below each what it needs.
pub(super) fn render(graph: &Graph) -> String {
    let n_cached = graph
        .nodes
        .iter()
        .filter(|node| matches!(node.state, State::Cached { .. }))
        .count();
    let mut text = format!(
        "{}: {} packages, {n_cached} cached, {} to build\n",
        graph.host,
        graph.nodes.len(),
        graph.nodes.len() - n_cached,
    );
    let mut tree = Tree {
        graph,
        lines: Vec::new(),
        shown: BTreeSet::new(),
    };
    for root in graph.roots() {
        tree.add(root, Edge::None, "", "");
    }
    let width = tree
        .lines
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, rest) in &tree.lines {
        writeln!(text, "{}", format!("{name:width$}  {rest}").trim_end())
            .expect("a string takes all that is written");
    }
    text
}

/// What a package is to the one above it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    None,
    BuiltAgainst,
    Runs,
}

struct Tree<'a> {
    graph: &'a Graph,
    /// What stands at the left, and what stands in the columns beside it.
    lines: Vec<(String, String)>,
    shown: BTreeSet<usize>,
}

impl Tree<'_> {
    /// Adds a package with all below it; `first` stands before its own line, `rest` before those below.
    fn add(&mut self, index: usize, edge: Edge, first: &str, rest: &str) {
        let node = &self.graph.nodes[index];
        let again = !self.shown.insert(index);
        let mark = if edge == Edge::Runs { " (runs)" } else { "" };
        let name = format!("{first}{} {}{mark}", node.label, node.version);
        let columns = if again {
            "as above".to_owned()
        } else {
            columns(node)
        };
        self.lines.push((name, columns));
        if again {
            return;
        }
        let against = node.dependencies.iter().map(|index| (*index, Edge::BuiltAgainst));
        let runs = node.native_dependencies.iter().map(|index| (*index, Edge::Runs));
        let below: Vec<_> = against.chain(runs).collect();
        for (number, (index, edge)) in below.iter().enumerate() {
            let (corner, line) = if number + 1 == below.len() {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.add(
                *index,
                *edge,
                &format!("{rest}{corner}"),
                &format!("{rest}{line}"),
            );
        }
    }
}

fn columns(node: &Node) -> String {
    let variant = node.variant.name();
    let state = super::state(node);
    format!("{}  {}  {variant}  {state}", node.key, node.machine)
}

#[cfg(test)]
mod tests {
    use depends::plan::Variant;
    use expect_test::expect;

    use super::*;

    fn node(label: &str, state: State, dependencies: &[usize], native_dependencies: &[usize]) -> Node {
        Node {
            label: label.to_owned(),
            version: "1.0".to_owned(),
            key: "0123456789a".to_owned(),
            machine: "x86_64-pc-linux-gnu".to_owned(),
            native_only: label.starts_with("native_"),
            variant: Variant::Release,
            state,
            dependencies: dependencies.to_vec(),
            native_dependencies: native_dependencies.to_vec(),
        }
    }

    #[test]
    fn the_tree_shows_each_package_once_with_its_state() {
        let graph = Graph {
            host: "x86_64-pc-linux-gnu".to_owned(),
            nodes: vec![
                node("c", State::Cached { n_bytes: 2048 }, &[], &[]),
                node("native_t", State::ToBuild, &[], &[]),
                node(
                    "a",
                    State::Damaged("its digest is missing".to_owned()),
                    &[0],
                    &[1],
                ),
                node("b", State::ToBuild, &[2, 0], &[]),
            ],
        };
        expect![[r#"
            x86_64-pc-linux-gnu: 4 packages, 1 cached, 3 to build
            b 1.0                      0123456789a  x86_64-pc-linux-gnu  release  to build
            ├─ a 1.0                   0123456789a  x86_64-pc-linux-gnu  release  to build: its digest is missing
            │  ├─ c 1.0                0123456789a  x86_64-pc-linux-gnu  release  cached, 2.00 KiB
            │  └─ native_t 1.0 (runs)  0123456789a  x86_64-pc-linux-gnu  release  to build
            └─ c 1.0                   as above
        "#]]
        .assert_eq(&render(&graph));
    }
}
