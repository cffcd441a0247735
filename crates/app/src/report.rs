//! What a program says on standard error, which is empty in a clean run.

use std::backtrace::Backtrace;
use std::fmt::Display;
use std::panic::PanicHookInfo;
use std::{panic, thread};

use crate::args::{Args, ArgsError};

/// `Error: …`.
pub fn error(error: impl Display) {
    eprintln!("Error: {error}");
}

/// What is wrong with the options of a tool. As with upstream, what was not understood is told as it is, and the rest as
/// [`error()`] does.
pub fn tool_options_error(error: &ArgsError) {
    match error {
        ArgsError::CommandLine(_) | ArgsError::ConfigFile(_) => eprintln!("{error}"),
        _ => self::error(error),
    }
}

/// `: …`, as upstream writes what a window without a title would say.
pub fn untitled(text: impl Display) {
    eprintln!(": {text}");
}

/// `Warning: …`.
pub fn warning(warning: impl Display) {
    eprintln!("Warning: {warning}");
}

/// Everything that the options give reason to warn of, on standard error; the log is the caller's.
pub fn option_warnings(args: &Args) {
    for line in args.include_warnings() {
        eprintln!("{line}");
    }
    for text in args.warnings() {
        warning(text);
    }
}

/// From now on, lets the log tell of panics. What they break off is told of by who waits for it, so that only those of
/// the main thread, which nobody waits for, are on standard error too. Of a panic that `is_guarded` the log tells where it
/// was, and nothing else: it becomes an error, of which the rest is told.
pub fn log_panics(is_guarded: fn(&PanicHookInfo<'_>) -> bool) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("a thread");
        if is_guarded(panic) {
            let place = panic.location().map(ToString::to_string);
            let place = place.unwrap_or_else(|| "a place that is not known".to_owned());
            tracing::error!(
                "{name} broke off what it did at {place}\n{}",
                Backtrace::capture()
            );
            return;
        }
        tracing::error!("{name} {panic}\n{}", Backtrace::capture());
        if name == "main" {
            usual(panic);
        }
    }));
}
