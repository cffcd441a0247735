//! The commands in README.md, packages/README.md and docs/*.md, run word for word.
//!
//! The convention: every fenced block tagged `sh` is run. The blocks of a document run in order in one `/bin/sh -eu`
//! at the top of the checkout, so that a block may use what an earlier one set or started. Where the next block is
//! tagged `text`, its lines must stand in what the commands print, in that order, other lines between them allowed;
//! `…` in a line stands for any text. A command that is not to be run stands in a block of another tag.

use std::path::{Path, PathBuf};

use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};

use super::script::{self, Script};
use super::steps::provide_tools;
use super::{Context, Outcome};
use crate::workspace;

/// What the checks run in: run from within themselves, they would never end.
const ITSELF: &str = "cargo xtask test --install-tools";

/// The document whose commands take tools that nothing else takes, in `docs/`: a step of its own runs it.
const CLIENTS: &str = "clients.md";

/// The tools that its commands call.
const CLIENT_TOOLS: [&str; 5] = ["cmake", "make", "pip", "pkg-config", "python3"];

/// The RPC port of the nodes that the documents start.
const REGTEST_PORT: u16 = 38370;

/// Commands with what they are said to print.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// The line that the block begins on.
    line: usize,
    commands: String,
    expected: Vec<String>,
}

/// Runs the README's first block, which builds everything.
pub(super) fn first_command(_: &Context) -> Result<Outcome> {
    let path = workspace::root().join("README.md");
    let blocks = read(&path)?;
    let first = blocks
        .first()
        .ok_or_else(|| miette!("{} has no commands", path.display()))?;
    eprintln!("$ {}", first.commands);
    script::run_plainly(&first.commands)?;
    Ok(Outcome::Passed)
}

/// Runs all documents but that of the clients.
pub(super) fn run(_: &Context) -> Result<Outcome> {
    for path in documents()? {
        if !path.ends_with(CLIENTS) {
            run_at(&path)?;
        }
    }
    Ok(Outcome::Passed)
}

/// Runs the document of the clients.
pub(super) fn run_clients(context: &Context) -> Result<Outcome> {
    provide_tools(context, &CLIENT_TOOLS, "clients in C++ and Python")?;
    run_at(&workspace::root().join("docs").join(CLIENTS))?;
    Ok(Outcome::Passed)
}

fn run_at(path: &Path) -> Result<()> {
    let blocks = read(path)?;
    if blocks.is_empty() {
        return Ok(());
    }
    let name = path
        .strip_prefix(workspace::root())
        .unwrap_or(path)
        .display()
        .to_string();
    eprintln!("{name}: {} blocks of commands", blocks.len());
    script::await_port(REGTEST_PORT)?;
    run_document(&name, &blocks)
}

fn documents() -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(workspace::root().join("docs")).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    paths.sort();
    let readmes = ["README.md", "packages/README.md"].map(|path| workspace::root().join(path));
    Ok(readmes.into_iter().chain(paths).collect())
}

fn read(path: &Path) -> Result<Vec<Block>> {
    Ok(blocks(&fs::read_to_string(path).into_diagnostic()?))
}

fn run_document(name: &str, blocks: &[Block]) -> Result<()> {
    let mut script = Script::default();
    for block in blocks {
        if block.commands == ITSELF {
            eprintln!("{name}:{}: `{ITSELF}` is this run itself", block.line);
            script.add("");
        } else {
            script.add(&block.commands);
        }
    }
    let output = script.run()?;
    for (index, block) in blocks.iter().enumerate() {
        let Some(printed) = output.blocks.get(index) else {
            return Err(miette!(
                "{name}:{}: the commands fail with {}\n{}",
                block.line,
                output.status,
                output.tail()
            ));
        };
        if let Some(line) = absent(&block.expected, printed) {
            let place = format!("{name}:{}", block.line);
            return Err(miette!(
                "{place}: the commands do not print {line:?} where it is said; they print\n{printed}"
            ));
        }
    }
    Ok(())
}

/// The blocks of commands in a Markdown text.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let Some(tag) = line.strip_prefix("```") else {
            continue;
        };
        let body: Vec<_> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        match tag {
            "sh" => blocks.push(Block {
                line: index + 1,
                commands: body.join("\n"),
                expected: Vec::new(),
            }),
            "text" => {
                if let Some(block) = blocks.last_mut().filter(|block| block.expected.is_empty()) {
                    block.expected = body.iter().map(|line| (*line).to_owned()).collect();
                }
            }
            _ => {}
        }
    }
    blocks
}

/// The first expected line that is not printed after the lines before it.
fn absent<'a>(expected: &'a [String], printed: &str) -> Option<&'a str> {
    let mut lines = printed.lines();
    expected
        .iter()
        .map(String::as_str)
        .find(|pattern| !lines.any(|line| matches(pattern, line)))
}

/// Whether the line is the pattern, where `…` stands for any text.
fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.trim_end().strip_prefix(first) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        is_open = part.is_empty();
    }
    is_open || rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_with_what_they_are_said_to_print() {
        let text =
            "# A\n```sh\nls\nwc\n```\nprints\n```text\n1\n…\n```\n```console\n$ rm\n```\n```sh\ntrue\n```\n";
        let block = |line, commands: &str, expected: &[&str]| Block {
            line,
            commands: commands.to_owned(),
            expected: expected.iter().map(|line| (*line).to_owned()).collect(),
        };
        assert_eq!(
            blocks(text),
            [block(2, "ls\nwc", &["1", "…"]), block(14, "true", &[])]
        );
    }

    #[test]
    fn an_ellipsis_stands_for_any_text() {
        let rows = [
            ("hello", "hello", true),
            ("hello", "hello you", false),
            ("hel…", "hello", true),
            ("…lo", "hello", true),
            ("h…l…", "hello", true),
            ("h…x…", "hello", false),
            ("…", "", true),
        ];
        for (pattern, line, expected) in rows {
            assert_eq!(matches(pattern, line), expected, "{pattern} {line}");
        }
    }

    #[test]
    fn expected_lines_stand_in_order_among_others() {
        let expected = ["a…".to_owned(), "b".to_owned()];
        assert_eq!(absent(&expected, "x\na1\nx\nb\n"), None);
        assert_eq!(absent(&expected, "b\na1\n"), Some("b"));
        assert_eq!(absent(&expected, ""), Some("a…"));
    }

    #[test]
    fn the_first_screen_is_the_two_commands_and_ci_calls_the_second() {
        let blocks = read(&workspace::root().join("README.md")).unwrap();
        assert_eq!(
            blocks[0].commands,
            "cargo xtask build MULTIPROCESS=1 NO_QT=1 --install-tools"
        );
        assert_eq!(blocks[1].commands, ITSELF);
        let ci = fs::read_to_string(workspace::root().join(".ci/run")).unwrap();
        assert_eq!(ci, format!("#!/bin/sh\nexec {ITSELF}\n"));
    }

    #[test]
    fn a_document_that_says_too_much_fails_with_the_place() {
        let rows = [
            ("```sh\necho one\n```\n```text\none\n```\n", None),
            (
                "```sh\necho one\n```\n```text\ntwo\n```\n",
                Some("doc:1: the commands do not print \"two\""),
            ),
            (
                "```sh\nx=1\n```\n\n```sh\ntest $x = 2\n```\n",
                Some("doc:5: the commands fail with exit status: 1"),
            ),
        ];
        for (text, expected) in rows {
            let result = run_document("doc", &blocks(text)).map_err(|report| report.to_string());
            match expected {
                None => result.unwrap(),
                Some(expected) => assert!(result.clone().unwrap_err().starts_with(expected), "{result:?}"),
            }
        }
    }
}
