//! The answer of `why` in words.

use std::fmt::{self, Write};
use std::time::SystemTime;

use depends::digest::Digest;
use depends::why::{Built, Change, Comparison, DependencyChange, Difference, Why};

/// How many digits of a digest are shown.
const DIGITS: usize = 11;

/// How many other builds are listed.
const OTHERS: usize = 8;

/// How much of a long value is shown, in characters.
const WIDTH: usize = 100;

/// The whole answer.
pub(super) fn render(why: &Why) -> String {
    let mut text = String::new();
    write(&mut text, why, SystemTime::now()).expect("a string takes all that is written");
    text
}

fn write(text: &mut String, why: &Why, now: SystemTime) -> fmt::Result {
    let label = &why.label;
    writeln!(
        text,
        "{label} for {} ({}), key {}",
        why.machine,
        why.variant.name(),
        why.key.short(DIGITS)
    )?;
    if let Some(reason) = &why.damaged {
        writeln!(text, "It is in the cache, but will be built again: {reason}.")?;
    }
    if let Some(archive) = &why.archive {
        writeln!(
            text,
            "It is built with exactly these inputs: {}",
            archive.display()
        )?;
    }
    if let Some(reason) = &why.last_failure {
        writeln!(text, "The last attempt to build it failed: {reason}")?;
    }
    match (&why.against, &why.comparison) {
        (Some(built), Some(comparison)) => changes(text, built, comparison, now)?,
        (Some(built), None) => {
            let key = built.key.short(DIGITS);
            writeln!(text, "What the key {key} stood for is not known any more.")?;
        }
        (None, _) if why.archive.is_some() => writeln!(text, "Nothing changed since.")?,
        (None, _) if why.damaged.is_none() => {
            let variant = why.variant.name();
            writeln!(text, "It was never built for this machine as {variant}.")?;
        }
        (None, _) => {}
    }
    others(text, why, now)
}

fn changes(text: &mut String, built: &Built, comparison: &Comparison, now: SystemTime) -> fmt::Result {
    writeln!(text, "Compared with {}:", name(built, now))?;
    for cause in comparison.causes_first() {
        let own = cause.changes.iter();
        let unexplained = cause.dependencies.iter();
        if comparison.before == comparison.after {
            writeln!(text, "  nothing changed")?;
            continue;
        }
        writeln!(
            text,
            "\n{}  {} → {}",
            cause.package,
            cause.before.short(DIGITS),
            cause.after.short(DIGITS)
        )?;
        for change in own {
            let gloss = gloss(&change.input);
            let input = &change.input;
            let how = difference(change);
            writeln!(text, "  {input}{gloss}: {how}")?;
        }
        for change in unexplained {
            writeln!(text, "  {}", dependency(change))?;
        }
    }
    Ok(())
}

/// What a dependency's change is, in words.
fn dependency(change: &DependencyChange) -> String {
    let kind = if change.native {
        "native dependency"
    } else {
        "dependency"
    };
    let name = &change.name;
    match (change.before, change.after) {
        (Some(before), Some(after)) => {
            let why = if change.why.is_some() {
                "as above"
            } else {
                "why is not known any more"
            };
            format!(
                "{kind} {name}: key {} → {}, {why}",
                before.short(DIGITS),
                after.short(DIGITS)
            )
        }
        (None, _) => format!("{kind} {name}: added"),
        (_, None) => format!("{kind} {name}: removed"),
    }
}

fn difference(change: &Change) -> String {
    match &change.difference {
        Difference::Added(value) => format!("added, {}", brief(value)),
        Difference::Removed(value) => format!("removed, {}", brief(value)),
        Difference::Replaced { before, after } => format!("{} → {}", brief(before), brief(after)),
        Difference::Members { removed, added } if removed.len() == added.len() => {
            let pairs = removed.iter().zip(added);
            let pairs: Vec<String> = pairs
                .map(|(before, after)| format!("{} → {}", brief(before), brief(after)))
                .collect();
            pairs.join(", ")
        }
        Difference::Members { removed, added } => {
            let removed = removed.iter().map(|member| format!("without {}", brief(member)));
            let added = added.iter().map(|member| format!("with {}", brief(member)));
            removed.chain(added).collect::<Vec<_>>().join(", ")
        }
        Difference::Order { before, after } => {
            format!(
                "another order, {} → {}",
                brief(&before.join(" ")),
                brief(&after.join(" "))
            )
        }
    }
}

/// What an input is, where its name does not say so.
fn gloss(input: &str) -> &'static str {
    match input {
        "engine" => " (the engine's format of packages)",
        "about" => " (description and homepage)",
        "source.sha256" => " (the archive)",
        "source.tree_sha256" => " (the extracted source)",
        "flags.c" => " (CFLAGS)",
        "flags.cxx" => " (CXXFLAGS)",
        "flags.cpp" => " (CPPFLAGS)",
        "flags.ld" => " (LDFLAGS)",
        "salt" => " (HOST_ID_SALT, BUILD_ID_SALT)",
        "toolchain.c macros" | "toolchain.c++ macros" => " (the compiler and its library's versions)",
        _ if input.starts_with("toolchain.") => " (the program's contents)",
        _ => "",
    }
}

/// A value on one line: digests by their first digits, the end of what is long left out.
fn brief(value: &str) -> String {
    let words: Vec<String> = value
        .split_whitespace()
        .map(|word| match word.parse::<Digest>() {
            Ok(digest) => digest.short(DIGITS),
            Err(_) => word.to_owned(),
        })
        .collect();
    let line = words.join(" ");
    if line.is_empty() {
        return "\"\"".to_owned();
    }
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

fn others(text: &mut String, why: &Why, now: SystemTime) -> fmt::Result {
    if why.others.is_empty() {
        return Ok(());
    }
    writeln!(text, "\nOther builds, for --against:")?;
    for built in why.others.iter().take(OTHERS) {
        writeln!(text, "  {}", name(built, now))?;
    }
    if why.others.len() > OTHERS {
        writeln!(text, "  and {} older ones", why.others.len() - OTHERS)?;
    }
    Ok(())
}

fn name(built: &Built, now: SystemTime) -> String {
    let gone = if built.archive.is_some() {
        ""
    } else {
        ", not in the cache any more"
    };
    format!(
        "{}  {} {} for {}, {}{gone}",
        built.key.short(DIGITS),
        built.version,
        built.variant.as_deref().unwrap_or("build"),
        built.machine,
        super::super::ago(now.duration_since(built.when).unwrap_or_default()),
    )
}

#[cfg(test)]
mod tests;
