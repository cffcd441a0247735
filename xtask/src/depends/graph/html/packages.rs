//! The packages as boxes, with lines from what is needed to what needs it.

use std::fmt::{self, Write};

use depends::graph::{Graph, Node, State};

use super::layout::{HEIGHT, WIDTH, layout};
use super::{escape, shorten};

pub(super) fn write(text: &mut String, graph: &Graph) -> fmt::Result {
    let layout = layout(graph);
    let (width, height) = layout.size;
    writeln!(
        text,
        "<div class=\"scroll\"><svg class=\"packages\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"The packages and what they need\">"
    )?;
    for (index, node) in graph.nodes.iter().enumerate() {
        let against = node.dependencies.iter().map(|need| (*need, "line"));
        let runs = node.native_dependencies.iter().map(|need| (*need, "line runs"));
        for (need, class) in against.chain(runs) {
            line(
                text,
                graph,
                (need, layout.places[need]),
                (index, layout.places[index]),
                class,
            )?;
        }
    }
    for (node, place) in graph.nodes.iter().zip(&layout.places) {
        package(text, graph, node, *place)?;
    }
    writeln!(text, "</svg></div>")?;
    writeln!(
        text,
        "<p class=\"note\">Right of each package stands what needs it; a dashed line says that its programs are run. \
         <span class=\"dot cached\"></span> cached <span class=\"dot to-build\"></span> to build \
         <span class=\"dot damaged\"></span> damaged</p>"
    )
}

fn line(
    text: &mut String,
    graph: &Graph,
    (from, (x, y)): (usize, (usize, usize)),
    (to, (end_x, end_y)): (usize, (usize, usize)),
    class: &str,
) -> fmt::Result {
    // A package that is both built against and run has two lines.
    let middle = HEIGHT / 2 + if class == "line" { 0 } else { 12 };
    let (x, y, end_y) = (x + WIDTH, y + middle, end_y + middle);
    let bend = (end_x - x) / 2;
    writeln!(
        text,
        "<path class=\"{class}\" data-from=\"{}\" data-to=\"{}\" d=\"M{x} {y} C{} {y} {} {end_y} {end_x} {end_y}\"/>",
        escape(&graph.nodes[from].label),
        escape(&graph.nodes[to].label),
        x + bend,
        end_x - bend,
    )
}

fn package(text: &mut String, graph: &Graph, node: &Node, (x, y): (usize, usize)) -> fmt::Result {
    let class = match node.state {
        State::Cached { .. } => "cached",
        State::ToBuild => "to-build",
        State::Damaged(_) => "damaged",
    };
    let (label, version) = (escape(&node.label), escape(&node.version));
    let state = super::super::state(node);
    writeln!(text, "<g class=\"package {class}\" data-package=\"{label}\">")?;
    writeln!(
        text,
        "<title>{label} {version}\nkey {}\nfor {}, {}\n{}</title>",
        node.key,
        escape(&node.machine),
        node.variant.name(),
        escape(&state)
    )?;
    writeln!(
        text,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"7\"/>\
         <rect class=\"mark\" x=\"{x}\" y=\"{y}\" width=\"6\" height=\"{HEIGHT}\" rx=\"3\"/>"
    )?;
    let machine = if node.machine == graph.host {
        node.variant.name().to_owned()
    } else {
        format!("for {}", node.machine)
    };
    let lines = [
        ("name", shorten(&node.label, 22)),
        ("detail", format!("{} · {}", node.version, node.key)),
        ("detail", shorten(&format!("{machine} · {state}"), 33)),
    ];
    for ((class, line), offset) in lines.iter().zip([19, 36, 52]) {
        writeln!(
            text,
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
            x + 16,
            y + offset,
            escape(line)
        )?;
    }
    writeln!(text, "</g>")
}
