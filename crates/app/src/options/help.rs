//! The layout of `-help`: categories, options in the order of their names, sentences wrapped for a terminal.

use crate::options::{OptionCategory, OptionSpec, OptionTable};
use crate::program::Program;

const WIDTH: usize = 79;
const OPTION_INDENT: usize = 2;
const TEXT_INDENT: usize = 7;

const HEADINGS: [(OptionCategory, &str); 10] = [
    (OptionCategory::General, "Options:"),
    (OptionCategory::Connection, "Connection options:"),
    (OptionCategory::Wallet, "Wallet options:"),
    (OptionCategory::Zmq, "ZeroMQ notification options:"),
    (OptionCategory::DebugTest, "Debugging/Testing options:"),
    (OptionCategory::ChainSelection, "Chain selection options:"),
    (OptionCategory::NodeRelay, "Node relay options:"),
    (OptionCategory::BlockCreation, "Block creation options:"),
    (OptionCategory::RpcServer, "RPC server options:"),
    (OptionCategory::Ipc, "IPC interprocess connection options:"),
];

pub(crate) fn help_text(table: &OptionTable, program: &Program, developers: bool) -> String {
    let mut text = format!(
        "{}\n\nUsage:  {}\n",
        program.version_line(),
        program.usage.trim_end()
    );
    for (category, heading) in HEADINGS {
        let mut shown = table
            .iter()
            .filter(|option| option.category == category && (developers || !option.is_debug_only()))
            .peekable();
        if shown.peek().is_some() {
            text.push_str(&format!("\n{heading}\n"));
        }
        for option in shown {
            push_option(&mut text, option);
        }
    }
    text
}

fn push_option(text: &mut String, option: &OptionSpec) {
    let argument = option
        .argument
        .map(|argument| format!("={argument}"))
        .unwrap_or_default();
    text.push_str(&format!("\n{:OPTION_INDENT$}-{}{argument}\n", "", option.name));
    for line in wrap(&option.help, WIDTH - TEXT_INDENT) {
        text.push_str(&format!("{:TEXT_INDENT$}{line}\n", ""));
    }
}

/// Breaks between words; a word that is longer than a line stands alone on one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::options::{general_options, server_options};

    const PROGRAM: Program = Program {
        name: "syscoind",
        title: "Syscoin Core daemon",
        usage: "syscoind [options]\n",
    };

    #[test]
    fn options_stand_under_their_category() {
        let table = OptionTable::new().add([
            OptionSpec::new("zebra", OptionCategory::General, "Last."),
            OptionSpec::new(
                "ant",
                OptionCategory::General,
                "First, with a sentence that is so long that it does not fit on one line of a terminal.",
            )
            .argument("<n>"),
            OptionSpec::new("deep", OptionCategory::DebugTest, "For developers.").debug_only(),
            OptionSpec::hidden("h"),
        ]);
        expect![[r"
            Syscoin Core daemon version v5.1.1

            Usage:  syscoind [options]

            Options:

              -ant=<n>
                   First, with a sentence that is so long that it does not fit on one line
                   of a terminal.

              -zebra
                   Last.
        "]]
        .assert_eq(&table.help_text(&PROGRAM, false));
        assert!(
            table
                .help_text(&PROGRAM, true)
                .contains("Debugging/Testing options:\n\n  -deep\n")
        );
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let table = OptionTable::new().add(general_options()).add(server_options());
        let help = table.help_text(&PROGRAM, true);
        for line in help.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}
