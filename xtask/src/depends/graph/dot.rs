//! The graph for Graphviz.

use std::fmt::{self, Write};

use depends::graph::{Graph, Node, State};

/// The graph in the DOT language: an arrow from each package to what it needs, dashed where that only runs.
pub(super) fn render(graph: &Graph) -> String {
    let mut text = String::new();
    write(&mut text, graph).expect("a string takes all that is written");
    text
}

fn write(text: &mut String, graph: &Graph) -> fmt::Result {
    writeln!(text, "digraph depends {{")?;
    writeln!(
        text,
        "  graph [label={}, labelloc=t, rankdir=LR];",
        quote(&graph.host)
    )?;
    writeln!(
        text,
        "  node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\"];"
    )?;
    for (number, node) in graph.nodes.iter().enumerate() {
        let lines = [
            format!("{} {}", node.label, node.version),
            node.key.clone(),
            format!("{}, {}", node.machine, node.variant.name()),
            super::state(node),
        ];
        let color = match node.state {
            State::Cached { .. } => "#cfe8d4",
            State::ToBuild => "#f6e3b4",
            State::Damaged(_) => "#f2c4bd",
        };
        let label = quote(&lines.join("\n"));
        writeln!(text, "  n{number} [label={label}, fillcolor={}];", quote(color))?;
    }
    for (number, node) in graph.nodes.iter().enumerate() {
        edges(text, number, node)?;
    }
    writeln!(text, "}}")
}

fn edges(text: &mut String, number: usize, node: &Node) -> fmt::Result {
    for needed in &node.dependencies {
        writeln!(text, "  n{number} -> n{needed};")?;
    }
    for needed in &node.native_dependencies {
        writeln!(text, "  n{number} -> n{needed} [style=dashed, label=\"runs\"];")?;
    }
    Ok(())
}

/// A quoted identifier of the DOT language, in which `\n` stands for the end of a line.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    /// Reads the part of the language that is written here, and nothing else; returns the edges.
    fn parse(text: &str) -> Vec<(String, String)> {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '"' => {
                    let mut escaped = false;
                    let end = rest.char_indices().skip(1).find(|(_, character)| {
                        let closes = *character == '"' && !escaped;
                        escaped = *character == '\\' && !escaped;
                        assert!(*character != '\n', "a text ends with its line");
                        closes
                    });
                    end.unwrap().0 + 1
                }
                '-' => {
                    assert!(rest.starts_with("->"), "{rest}");
                    2
                }
                '{' | '}' | '[' | ']' | '=' | ',' | ';' => 1,
                _ => {
                    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
                    let length = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
                    assert!(length > 0, "{rest}");
                    length
                }
            };
            words.push(&rest[..length]);
            rest = rest[length..].trim_start();
        }
        let is_id = |word: &str| word.starts_with('"') || word.chars().all(|c| c.is_ascii_alphanumeric());
        assert_eq!(words[..3], ["digraph", "depends", "{"]);
        assert_eq!(words.pop(), Some("}"));
        let mut edges = Vec::new();
        for statement in words[3..].split_inclusive(|word| *word == ";") {
            let (end, statement) = statement.split_last().unwrap();
            assert_eq!(*end, ";");
            let attributes = statement.iter().position(|word| *word == "[");
            let (subject, attributes) = statement.split_at(attributes.unwrap_or(statement.len()));
            match subject {
                [node] => assert!(is_id(node), "{statement:?}"),
                [from, "->", to] => edges.push(((*from).to_owned(), (*to).to_owned())),
                _ => panic!("{statement:?}"),
            }
            if let [_, attributes @ .., end] = attributes {
                assert_eq!(*end, "]");
                for attribute in attributes.split(|word| *word == ",") {
                    let [name, "=", value] = attribute else {
                        panic!("{attribute:?}");
                    };
                    assert!(is_id(name) && is_id(value), "{attribute:?}");
                }
            }
        }
        edges
    }

    #[test]
    fn what_is_written_is_the_dot_language_with_all_edges() {
        let (graph, _) = fixture::ten_units();
        let expected: Vec<(String, String)> = graph
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(number, node)| {
                node.needs()
                    .map(move |needed| (format!("n{number}"), format!("n{needed}")))
            })
            .collect();
        assert_eq!(parse(&render(&graph)), expected);
        assert!(!expected.is_empty());
    }

    #[test]
    fn texts_with_quotes_and_backslashes_stay_one_text() {
        assert_eq!(quote("a\"b\\c\nd"), r#""a\"b\\c\nd""#);
        let (mut graph, _) = fixture::ten_units();
        graph.nodes[0].version = "\"]; evil -> n1 [\\".to_owned();
        let n_edges: usize = graph.nodes.iter().map(|node| node.needs().count()).sum();
        assert_eq!(parse(&render(&graph)).len(), n_edges);
    }
}
