//! Standard input: secrets without echo, and arguments a line each.

use std::io::{self, BufRead as _, IsTerminal as _};

use crate::error::CliError;

/// Reads one line that should not be seen, asking for it on standard error where a person types.
pub(crate) fn read_secret(prompt: &str, option: &'static str) -> Result<String, CliError> {
    let input = io::stdin();
    let typed = input.is_terminal();
    let _hidden = typed.then(HiddenInput::start);
    if typed {
        eprint!("{prompt}> ");
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if typed {
        println!();
    }
    match read {
        Ok(length) if length > 0 => Ok(line.strip_suffix('\n').unwrap_or(&line).to_owned()),
        _ => Err(CliError::StandardInput { option }),
    }
}

/// Reads all lines that are left.
pub(crate) fn read_lines() -> Result<Vec<String>, CliError> {
    let lines: io::Result<Vec<String>> = io::stdin().lock().lines().collect();
    lines.map_err(|_| CliError::StandardInput { option: "-stdin" })
}

/// While it lives, the terminal does not show what is typed.
struct HiddenInput {
    #[cfg(unix)]
    before: Option<rustix::termios::Termios>,
}

#[cfg(unix)]
impl HiddenInput {
    fn start() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(rustix::stdio::stdin()).ok();
        if let Some(mut hidden) = before.clone() {
            hidden.local_modes.remove(LocalModes::ECHO);
            // A terminal that cannot do it shows what is typed.
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &hidden);
        }
        Self { before }
    }
}

#[cfg(unix)]
impl Drop for HiddenInput {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, tcsetattr};
        if let Some(before) = &self.before {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, before);
        }
    }
}

#[cfg(not(unix))]
impl HiddenInput {
    fn start() -> Self {
        Self {}
    }
}
